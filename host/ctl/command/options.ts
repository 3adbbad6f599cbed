/**
 * The command line: which command, which names, which options. Options may stand before or behind the names; behind
 * `--` everything is a name.
 */
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { messageOf } from '../../../shared/errors.ts';
import { splitNames } from '../plan/guest-names.ts';

const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;

const COMMON = {
  help: { ...flag, short: 'h' },
  json: flag,
  quiet: { ...flag, short: 'q' },
} as const;
const CLUSTER = { ...COMMON, config: text, 'cib-file': text } as const;
const CHANGE = { ...CLUSTER, 'dry-run': flag, yes: { ...flag, short: 'y' } } as const;
const WAIT = { ...CHANGE, wait: flag, 'no-wait': flag, timeout: text } as const;

const COMMANDS = {
  'resource add': {
    ...CHANGE,
    active: { ...text, short: 'a' },
    migrate: { ...text, short: 'm' },
    format: text,
  },
  'resource delete': CHANGE,
  'resource start': WAIT,
  'resource stop': WAIT,
  'resource move': { ...WAIT, node: { ...text, short: 'n' }, prefer: flag },
  'resource unmove': CHANGE,
  'resource list': { ...CLUSTER, node: { ...text, short: 'n' } },
  'location move': { ...CHANGE, before: { ...text, short: 'b' } },
  evacuate: { ...WAIT, prefer: flag },
  undo: CHANGE,
  check: { ...CLUSTER, local: flag },
  status: { ...CLUSTER, watch: { ...flag, short: 'w' }, interval: { ...text, short: 'i' } },
  'host init': {
    ...CHANGE,
    ping: { ...text, multiple: true },
    disk: { ...text, multiple: true },
    daemons: text,
    format: text,
  },
  'guest init': {
    ...CHANGE,
    keys: text,
    nodes: text,
    expires: text,
    live: flag,
    tokens: text,
    format: text,
  },
  'key make': { ...COMMON, keys: text },
  'key list': { ...COMMON, keys: text },
  'key rotate': { ...COMMON, keys: text },
  'key withdraw': { ...COMMON, keys: text },
  'token make': {
    ...COMMON,
    keys: text,
    guest: { ...text, short: 'g', multiple: true },
    resource: { ...text, short: 'r' },
    allow: text,
    expires: text,
  },
  'token explain': { ...COMMON, keys: text },
  completion: COMMON,
} as const satisfies Record<string, ParseArgsConfig['options']>;

export type CommandName = keyof typeof COMMANDS;

export const COMMAND_NAMES: readonly string[] = Object.keys(COMMANDS);

export function isCommandName(name: string): name is CommandName {
  return Object.hasOwn(COMMANDS, name);
}

/** Long and short options of a command, for completion. */
export function optionWords(command: CommandName): readonly string[] {
  return Object.entries(COMMANDS[command]).flatMap(([long, option]) => {
    const short = 'short' in option ? [`-${option.short}`] : [];
    return [`--${long}`, ...short];
  });
}

/** Values by long name; what was not given is not there. */
export class Options {
  readonly #values: Readonly<Record<string, unknown>>;

  constructor(values: Readonly<Record<string, unknown>>) {
    this.#values = values;
  }

  flag(name: string): boolean {
    return this.#values[name] === true;
  }

  text(name: string): string | undefined {
    const value = this.#values[name];
    return typeof value === 'string' ? value : undefined;
  }

  texts(name: string): readonly string[] {
    const value = this.#values[name];
    return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
  }
}

export type CommandLine =
  | {
      readonly kind: 'command';
      readonly command: CommandName;
      readonly names: readonly string[];
      readonly options: Options;
    }
  /** `topic` is as much of a command as was named. */
  | { readonly kind: 'help'; readonly topic: string }
  | { readonly kind: 'unknown-command'; readonly words: string; readonly topic: string }
  | { readonly kind: 'bad-option'; readonly command: CommandName; readonly fault: string };

export function parseCommandLine(argv: readonly string[]): CommandLine {
  const [first = '', second = ''] = argv;
  if (argv.length === 0 || ['--help', '-h', 'help'].includes(first)) {
    const topic = first === 'help' ? argv.slice(1, 3).join(' ') : '';
    return { kind: 'help', topic: isTopic(topic) ? topic : '' };
  }
  const length = isCommandName(first) ? 1 : 2;
  const command = argv.slice(0, length).join(' ');
  if (!isCommandName(command)) {
    const isGroup = COMMAND_NAMES.some((name) => name.startsWith(`${first} `));
    if (isGroup && (second === '' || ['--help', '-h', 'help'].includes(second))) {
      return { kind: 'help', topic: first };
    }
    return { kind: 'unknown-command', words: command, topic: isGroup ? first : '' };
  }
  try {
    const { values, positionals } = parseArgs({
      args: argv.slice(length),
      options: COMMANDS[command],
      allowPositionals: true,
    });
    const options = new Options(values);
    if (options.flag('help')) return { kind: 'help', topic: command };
    return { kind: 'command', command, names: splitNames(positionals), options };
  } catch (thrown) {
    return { kind: 'bad-option', command, fault: messageOf(thrown) };
  }
}

const isTopic = (topic: string) =>
  COMMAND_NAMES.some((name) => name === topic || name.startsWith(`${topic} `));
