/**
 * The command line: which command, which names, which options. Options may stand before or behind the names; behind
 * `--` everything is a name, of which commander sees nothing.
 */
import { type Command, CommanderError } from 'commander';
import { GivenOptions, repeatable, silentCommand } from '../../../shared/command-line.ts';
import { type WantedName, wantedNames } from '../plan/guest-names.ts';

const COMMON = ['--json', '-q, --quiet'] as const;
const CLUSTER = [...COMMON, '--config <file>', '--cib-file <file>'] as const;
const CHANGE = [...CLUSTER, '--dry-run', '-y, --yes'] as const;
const WAIT = [...CHANGE, '--wait', '--no-wait', '--timeout <seconds>'] as const;
const KEYS = [...COMMON, '--keys <file>'] as const;

/** Options as commander writes them; one that may be given several times ends in a star. */
const COMMANDS = {
  'resource add': [...CHANGE, '-a, --active <node>', '-m, --migrate <on|off>', '--format <form>'],
  'resource delete': CHANGE,
  'resource start': WAIT,
  'resource stop': WAIT,
  'resource move': [...WAIT, '-n, --node <node>', '--prefer'],
  'resource unmove': CHANGE,
  'resource list': [...CLUSTER, '-n, --node <node>'],
  'location move': [...CHANGE, '-b, --before <node>'],
  evacuate: [...WAIT, '--prefer'],
  undo: CHANGE,
  check: [...CLUSTER, '--local'],
  status: [...CLUSTER, '-w, --watch', '-i, --interval <seconds>'],
  'host init': [...CHANGE, '--ping <address>*', '--disk <device>*', '--daemons <list>', '--format <form>'],
  'guest init': [
    ...CHANGE,
    '--keys <file>',
    '--nodes <names>',
    '--expires <time>',
    '--live',
    '--tokens <where>',
    '--format <form>',
  ],
  'key make': KEYS,
  'key list': KEYS,
  'key rotate': KEYS,
  'key withdraw': KEYS,
  'token make': [
    ...KEYS,
    '-g, --guest <guest>*',
    '-r, --resource <resource>',
    '--allow <operations>',
    '--expires <time>',
  ],
  'token explain': KEYS,
  completion: COMMON,
} as const satisfies Readonly<Record<string, readonly string[]>>;

export type CommandName = keyof typeof COMMANDS;

export const COMMAND_NAMES: readonly string[] = Object.keys(COMMANDS);

export function isCommandName(name: string): name is CommandName {
  return Object.hasOwn(COMMANDS, name);
}

/** Long and short options of a command, for completion. */
export const optionWords = (command: CommandName): readonly string[] =>
  [...COMMANDS[command], '-h, --help'].flatMap((flags) => flags.match(/(?<!\S)--?[a-z-]+/g) ?? []);

export type CommandLine =
  | {
      readonly kind: 'command';
      readonly command: CommandName;
      readonly names: readonly WantedName[];
      readonly options: GivenOptions;
    }
  /** `topic` is as much of a command as was named. */
  | { readonly kind: 'help'; readonly topic: string }
  | { readonly kind: 'unknown-command'; readonly words: string; readonly topic: string }
  | {
      readonly kind: 'bad-option';
      readonly fault: 'option-unknown' | 'option-needs-value';
      readonly command: string;
      /** The option as it was typed, or as it is written in full. */
      readonly option: string;
    };

export function parseCommandLine(whole: readonly string[]): CommandLine {
  if (whole[0] === 'help') return parseCommandLine([...whole.slice(1), '--help']);
  const end = whole.includes('--') ? whole.indexOf('--') : whole.length;
  const argv = whole.slice(0, end);
  const words = argv.filter((word) => !word.startsWith('-'));
  const group = words[0] !== undefined && isGroup(words[0]) ? words[0] : '';
  const tree = new CommandTree(whole.slice(end + 1));
  try {
    tree.root.parse(argv, { from: 'user' });
  } catch (thrown) {
    if (!(thrown instanceof CommanderError)) throw thrown;
    if (tree.topic !== undefined) return { kind: 'help', topic: tree.topic };
    if (thrown.code === 'commander.unknownCommand') {
      return {
        kind: 'unknown-command',
        words: words.slice(0, group === '' ? 1 : 2).join(' '),
        topic: group,
      };
    }
    const fault = thrown.code === 'commander.optionMissingArgument' ? 'option-needs-value' : 'option-unknown';
    const option = /'(.*)'/s.exec(thrown.message)?.[1] ?? '';
    return { kind: 'bad-option', fault, command: commandIn(argv), option };
  }
  return tree.line ?? { kind: 'help', topic: '' };
}

/** All commands as commander sees them, and what it has found: a command line, or the topic that help is asked for. */
class CommandTree {
  readonly root = this.#silent(silentCommand('vm-ctl'), '');
  readonly #literal: readonly string[];
  line: CommandLine | undefined;
  topic: string | undefined;

  constructor(literal: readonly string[]) {
    this.#literal = literal;
    const groups = new Map<string, Command>();
    for (const name of COMMAND_NAMES.filter(isCommandName)) {
      const [first = '', second] = name.split(' ');
      let parent = this.root;
      if (second !== undefined) {
        parent = groups.get(first) ?? this.#silent(this.root.command(first), first);
        groups.set(first, parent);
      }
      this.#addCommand(parent.command(second ?? first), name);
    }
  }

  #addCommand(command: Command, name: CommandName): void {
    this.#silent(command, name).argument('[names...]');
    for (const flags of COMMANDS[name]) {
      if (flags.endsWith('*')) command.addOption(repeatable(flags.slice(0, -1)));
      else command.option(flags);
    }
    command.action((names: readonly string[]) => {
      refuseMissing(command, optionWords(name));
      const options = new GivenOptions(command.opts());
      this.line = { kind: 'command', command: name, names: wantedNames(names, this.#literal), options };
    });
  }

  /** Our own help stands in two languages; commander only says for what it is asked. */
  #silent(command: Command, topic: string): Command {
    command.helpInformation = () => {
      this.topic = topic;
      return '';
    };
    return command.helpCommand(false).helpOption('-h, --help');
  }
}

/**
 * `--config --dry-run` lacks the file: taken for the name of one, --dry-run would be lost, and the change made. And
 * `--ping "$GATEWAY"` with nothing in the variable is no wish to go without.
 */
function refuseMissing(command: Command, words: readonly string[]): void {
  const values: Readonly<Record<string, unknown>> = command.opts();
  for (const option of command.options) {
    const given = [values[option.attributeName()]].flat();
    if (!given.some((value) => value === '' || (typeof value === 'string' && words.includes(value))))
      continue;
    throw new CommanderError(
      1,
      'commander.optionMissingArgument',
      `option '${option.flags}' argument missing`,
    );
  }
}

const isGroup = (word: string) => COMMAND_NAMES.some((name) => name.startsWith(`${word} `));

/** The command that was named before the first option. */
function commandIn(argv: readonly string[]): string {
  const end = argv.findIndex((word) => word.startsWith('-'));
  const words = end < 0 ? argv : argv.slice(0, end);
  return [2, 1].map((length) => words.slice(0, length).join(' ')).find(isCommandName) ?? 'vm-ctl';
}
