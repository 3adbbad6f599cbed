/** The tokens that this device has, wherever its settings say that they are. */
import { messageOf } from '../../shared/errors.ts';
import { readSecretFile } from '../../shared/secret-file.ts';
import type { Settings } from './settings.ts';
import { type TokenMap, tokensFromFile } from './token-map.ts';

/** One token for the node that a person names with it, or one for each. */
export type Targets =
  | { readonly kind: 'single'; readonly token: string }
  | { readonly kind: 'map'; readonly tokens: TokenMap; readonly from: string };

export type LoadedTargets =
  | { readonly ok: true; readonly targets: Targets }
  | { readonly ok: false; readonly problems: readonly string[] };

const MAX_FILE_BYTES = 1024 * 1024;

export function loadTargets({ tokens: source }: Settings): LoadedTargets {
  switch (source.kind) {
    case 'single':
      return { ok: true, targets: source };
    case 'map':
      return notEmpty(source.tokens, source.from);
    case 'file':
      return fromFile(source.path);
  }
}

/** Undefined when there is none for this node, and it must not be fenced with another's. */
export function tokenFor(targets: Targets, plug: string): string | undefined {
  return targets.kind === 'single' ? targets.token : targets.tokens.get(plug);
}

function fromFile(path: string): LoadedTargets {
  let text: string | undefined;
  try {
    text = readSecretFile(path, MAX_FILE_BYTES);
  } catch (thrown) {
    return { ok: false, problems: [messageOf(thrown)] };
  }
  if (text === undefined) {
    const remedy = `set tokens, or write lines of "NAME TOKEN" into ${path} (mode 0600)`;
    return {
      ok: false,
      problems: [`no token is known: neither tokens nor token is set and ${path} is not there; ${remedy}`],
    };
  }
  const read = tokensFromFile(path, text);
  return read.ok ? notEmpty(read.tokens, path) : read;
}

function notEmpty(tokens: TokenMap, from: string): LoadedTargets {
  if (tokens.size > 0) return { ok: true, targets: { kind: 'map', tokens, from } };
  return { ok: false, problems: [`there is no token in ${from}; add one for each node`] };
}
