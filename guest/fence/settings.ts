/** From the texts that the caller gave to what fence_vm works with; all that is wrong is said at once. */
import { paths } from '../../shared/paths.ts';
import { MOST_SECONDS, type Parameter, parameters } from './parameters.ts';
import { type Given, NODE_NAME } from './read-parameters.ts';
import { isNodeName, isToken, type TokenMap, tokensFromParameter } from './token-map.ts';

/** Where the tokens come from. */
export type TokenSource =
  | { readonly kind: 'single'; readonly token: string }
  | { readonly kind: 'map'; readonly tokens: TokenMap; readonly from: string }
  | { readonly kind: 'file'; readonly path: string };

export interface Settings {
  readonly plug: string | undefined;
  readonly tokens: TokenSource;
  readonly leastDelayMs: number;
  readonly mostDelayMs: number;
  /** How long on, off and reboot may take. */
  readonly powerTimeoutMs: number;
  /** How long a question may take. */
  readonly queryTimeoutMs: number;
  readonly socketPath: string;
  readonly separator: string;
  readonly isVerbose: boolean;
  readonly isQuiet: boolean;
}

export type ReadSettings =
  | { readonly ok: true; readonly settings: Settings }
  | { readonly ok: false; readonly problems: readonly string[] };

/** When the caller is to keep the time: it ends us, and with us the request. This only bounds what nobody ends. */
const UNLIMITED_MS = 600_000;

export function readSettings(given: Given, isUnderPacemaker: boolean): ReadSettings {
  const problems: string[] = [];
  const text = (name: string) => given.get(name) || defaultOf(name);
  const isOn = (name: string) => readBoolean(name, given.get(name), problems);
  const milliseconds = (name: string) => readSeconds(name, text(name), problems) * 1000;

  const plug = given.get('plug') || given.get(NODE_NAME) || undefined;
  if (plug !== undefined && !isNodeName(plug))
    problems.push('plug is no node name: one word, at most 255 letters');
  const leastDelayMs = milliseconds('delay');
  // Pacemaker does not tell how long it waits. What is begun on the host must not outlive that where the host that was
  // asked dies with it, so its usual time is the default there, too.
  const isUnlimited = isOn('disable_timeout') ?? false;
  const powerTimeoutMs = milliseconds('power_timeout');
  const settings: Settings = {
    plug,
    tokens: readSource(given, isUnderPacemaker, problems),
    leastDelayMs,
    mostDelayMs: Math.max(leastDelayMs, milliseconds('delay_max')),
    powerTimeoutMs: isUnlimited || powerTimeoutMs === 0 ? UNLIMITED_MS : powerTimeoutMs,
    queryTimeoutMs: milliseconds('shell_timeout') || UNLIMITED_MS,
    socketPath: text('socket'),
    separator: text('separator'),
    isVerbose: isOn('verbose') ?? false,
    isQuiet: isOn('quiet') ?? false,
  };
  return problems.length > 0 ? { ok: false, problems } : { ok: true, settings };
}

function readSource(given: Given, isUnderPacemaker: boolean, problems: string[]): TokenSource {
  const single = given.get('token') || undefined;
  const map = given.get('tokens') || undefined;
  if (single !== undefined && map !== undefined) {
    problems.push('token and tokens are both given; put all into tokens, as NAME:TOKEN');
  }
  if (map !== undefined) {
    const read = tokensFromParameter(map);
    if (read.ok) return { kind: 'map', tokens: read.tokens, from: 'the parameter tokens' };
    problems.push(...read.problems);
  }
  if (single !== undefined) return readSingle(single, isUnderPacemaker, problems);
  return { kind: 'file', path: given.get('token_file') || paths.guestTokens };
}

/**
 * A token without a name would fence its guest whatever node is asked for. A person says both at once; Pacemaker asks for
 * whatever node its configuration lets it ask for, and of that it tells us nothing.
 */
function readSingle(text: string, isUnderPacemaker: boolean, problems: string[]): TokenSource {
  const colon = text.indexOf(':');
  const [name, token] = colon < 0 ? [undefined, text] : [text.slice(0, colon), text.slice(colon + 1)];
  if (!isToken(token) || (name !== undefined && !isNodeName(name))) {
    problems.push('token is no token: one word, as the admin of the host gave it, as NAME:TOKEN');
  } else if (name === undefined && isUnderPacemaker) {
    problems.push(
      'token names no node, and would fence its guest whatever node is meant; write it as NAME:TOKEN',
    );
  }
  if (name === undefined) return { kind: 'single', token };
  return { kind: 'map', tokens: new Map([[name, token]]), from: 'the parameter token' };
}

function readBoolean(name: string, text: string | undefined, problems: string[]): boolean | undefined {
  switch (text?.toLowerCase()) {
    case undefined:
    case '':
      return undefined;
    case '1':
    case 'yes':
    case 'on':
    case 'true':
      return true;
    case '0':
    case 'no':
    case 'off':
    case 'false':
      return false;
    default:
      problems.push(`${name} has to be true or false`);
      return undefined;
  }
}

function readSeconds(name: string, text: string, problems: string[]): number {
  const seconds = /^\d{1,9}(\.\d{1,3})?s?$/.test(text) ? Number.parseFloat(text) : Number.NaN;
  if (seconds <= MOST_SECONDS) return seconds;
  problems.push(`${name} has to be a number of seconds, at most ${MOST_SECONDS}`);
  return 0;
}

function defaultOf(name: string): string {
  return parameters.find((parameter: Parameter) => parameter.name === name)?.default ?? '';
}
