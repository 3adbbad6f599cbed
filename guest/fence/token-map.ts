/**
 * Which token fences which node, as a parameter (`NAME:TOKEN NAME:TOKEN`) and as a file (`NAME TOKEN` on each line).
 *
 * Invariant: every name has exactly one token. No problem quotes a token: whoever reads the message may not have it.
 */
export type TokenMap = ReadonlyMap<string, string>;

export type ReadTokens =
  | { readonly ok: true; readonly tokens: TokenMap }
  | { readonly ok: false; readonly problems: readonly string[] };

/** One word without blanks: several are sent parted by blanks. */
const TOKEN = /^[\x21-\x7e]{1,4096}$/;
const NAME = /^[^\s\p{Cc}\p{Cs}]{1,255}$/u;

export const isToken = (text: string): boolean => TOKEN.test(text);
export const isNodeName = (text: string): boolean => NAME.test(text);

export function tokensFromParameter(text: string): ReadTokens {
  const entries = text.split(/[\s,;]+/).filter((entry) => entry !== '');
  return gather(
    entries.map((entry, index) => {
      const colon = entry.indexOf(':');
      const [name, token] = colon < 0 ? [entry, ''] : [entry.slice(0, colon), entry.slice(colon + 1)];
      return { place: `entry ${index + 1} of tokens`, name, token, more: false };
    }),
    'NAME:TOKEN',
  );
}

export function tokensFromFile(path: string, text: string): ReadTokens {
  const lines = text.split('\n').map((raw, index) => ({ line: raw.trim(), place: `${path}:${index + 1}` }));
  return gather(
    lines
      .filter(({ line }) => line !== '' && !line.startsWith('#'))
      .map(({ line, place }) => {
        const [name = '', token = '', ...more] = line.split(/\s+/);
        return { place, name, token, more: more.length > 0 };
      }),
    'NAME TOKEN',
  );
}

interface Entry {
  readonly place: string;
  readonly name: string;
  readonly token: string;
  readonly more: boolean;
}

function gather(entries: readonly Entry[], form: string): ReadTokens {
  const tokens = new Map<string, string>();
  const problems: string[] = [];
  for (const { place, name, token, more } of entries) {
    if (!isNodeName(name) || !isToken(token) || more) problems.push(`${place} is not of the form ${form}`);
    else if (tokens.has(name)) problems.push(`${place} names ${name} again; keep one of the two`);
    else tokens.set(name, token);
  }
  return problems.length > 0 ? { ok: false, problems } : { ok: true, tokens };
}
