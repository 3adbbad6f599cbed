/** The command line of vm-connect: the flags of version 1 and the commands `ping` and `status`. */

import { parseArgs } from 'node:util';
import { messageOf, PmError } from '../../shared/errors.ts';
import { paths } from '../../shared/paths.ts';
import { ID_FORM, isId } from '../../shared/protocol/message-id.ts';
import { quoted, visible } from '../../shared/visible.ts';

export type Command =
  | { readonly kind: 'help' }
  | { readonly kind: 'version' }
  | ({ readonly kind: 'request' } & RequestCommand)
  | ({ readonly kind: 'call-off'; readonly id: string } & Common)
  | ({ readonly kind: 'ping'; readonly count: number } & Common)
  | ({ readonly kind: 'status' } & Common);

export interface Common {
  readonly socketPath: string;
  readonly timeoutMs: number;
  readonly isJson: boolean;
  readonly isQuiet: boolean;
  readonly isVerbose: boolean;
}

export interface RequestCommand extends Common {
  readonly service: 'monitor' | 'stonith';
  readonly text: string;
  readonly id: string | undefined;
  /** False for -R: it is enough that the request is on its way. */
  readonly awaitsReply: boolean;
  /** The reply that is known already; the service `monitor` answers when it is another one. */
  readonly known: string | undefined;
}

export const USAGE = `Usage: vm-connect -t monitor|stonith (-r REQUEST | -R REQUEST) [OPTION]…
       vm-connect ping [-c COUNT] [OPTION]…
       vm-connect status [OPTION]…
Asks the KVM host that this guest runs on.

  -t, --type TYPE            which service: monitor or stonith
  -r, --request TEXT         send the request, wait for the reply and print it
  -R, --request-only TEXT    send the request; do not wait
  -i, --reqid ID             name the request: the same id is the same job
      --known REPLY          monitor: wait for a reply that is not this one; the
                             same comes shortly before the end of --timeout
  -c, --count COUNT          how many pings (3)
      --timeout SECONDS      how long to wait (120; ping and status: 5)
      --json                 print the result as JSON
  -q, --quiet                say nothing on standard error
  -V, --verbose              say more on standard error
      --socket PATH          the socket of vm-connectd (${paths.connectSocket})
      --version              show the version and exit
  -?, --help                 show this and exit

A stonith request "timeout" calls off the request that -i names.

Exit status: 0 a reply came, whatever it says (-R: the request is on its way;
status: the host answers); 2 ask again later (no host answers, or its service is
away); 1 anything else.
`;

const REQUEST_TIMEOUT_S = 120;
const QUICK_TIMEOUT_S = 5;
const LONGEST_TIMEOUT_S = 3_600;
const DEFAULT_COUNT = 3;
const MOST_PINGS = 10_000;
const CALL_OFF = 'timeout';

export function readCommandLine(argv: readonly string[]): Command {
  const { values: flags, positionals } = parse(argv);
  if (flags.help === true) return { kind: 'help' };
  if (flags.version === true) return { kind: 'version' };
  const [word, extra] = positionals;
  if (extra !== undefined) throw usage(`${extra} is one word too many`, 'put a request in quotes');
  const common = (timeoutS: number): Common => ({
    socketPath: flags.socket ?? paths.connectSocket,
    timeoutMs: Math.ceil(numberOf('--timeout', flags.timeout, timeoutS, LONGEST_TIMEOUT_S) * 1_000),
    isJson: flags.json === true,
    isQuiet: flags.quiet === true,
    isVerbose: flags.verbose === true,
  });
  switch (word) {
    case undefined:
      return requestOf(flags, common(REQUEST_TIMEOUT_S));
    case 'ping': {
      const count = numberOf('--count', flags.count, DEFAULT_COUNT, MOST_PINGS);
      return { kind: 'ping', count: Math.ceil(count), ...common(QUICK_TIMEOUT_S) };
    }
    case 'status':
      return { kind: 'status', ...common(QUICK_TIMEOUT_S) };
    default:
      throw usage(`there is no command ${word}`, 'say ping or status, or ask with -t and -r');
  }
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        type: { type: 'string', short: 't' },
        request: { type: 'string', short: 'r' },
        'request-only': { type: 'string', short: 'R' },
        reqid: { type: 'string', short: 'i' },
        known: { type: 'string' },
        count: { type: 'string', short: 'c' },
        timeout: { type: 'string' },
        socket: { type: 'string' },
        json: { type: 'boolean' },
        quiet: { type: 'boolean', short: 'q' },
        verbose: { type: 'boolean', short: 'V' },
        version: { type: 'boolean' },
        help: { type: 'boolean', short: '?' },
      },
    });
  } catch (thrown) {
    const [fault = ''] = messageOf(thrown).split('. ');
    throw usage(fault, 'see vm-connect --help');
  }
}

type Flags = ReturnType<typeof parse>['values'];

function requestOf(flags: Flags, common: Common): Command {
  const service = flags.type;
  if (service === undefined) throw usage('nothing to do', 'say -t monitor|stonith, ping or status');
  if (service !== 'monitor' && service !== 'stonith') {
    throw usage(`there is no type ${service}`, 'say -t monitor or -t stonith');
  }
  if (flags.request !== undefined && flags['request-only'] !== undefined) {
    throw usage('both -r and -R are given', 'choose -r to wait for the reply or -R not to');
  }
  const text = flags.request ?? flags['request-only'];
  if (text === undefined) throw usage('no request is given', 'say -r REQUEST or -R REQUEST');
  if (text.trim() === '')
    throw usage('the request is empty', 'say what to ask for, such as -r "status TOKEN"');
  const id = flags.reqid;
  if (id !== undefined && !isId(id)) {
    throw usage(`${quoted(id)} can't be an id`, `use ${ID_FORM}`);
  }
  if (service === 'stonith' && text === CALL_OFF) {
    if (id === undefined) throw usage('which request to call off?', 'name it with -i');
    return { kind: 'call-off', id, ...common };
  }
  const { known } = flags;
  if (known !== undefined && (service !== 'monitor' || flags.request === undefined)) {
    throw usage('--known is for replies of the service monitor', 'say -t monitor and -r with it');
  }
  return { kind: 'request', service, text, id, awaitsReply: flags.request !== undefined, known, ...common };
}

function numberOf(flag: string, word: string | undefined, standard: number, most: number): number {
  if (word === undefined) return standard;
  const value = Number(word);
  if (word.trim() !== '' && value > 0 && value <= most) return value;
  throw usage(`${flag} ${word}`, `give a number above 0, at most ${most}`);
}

const LONGEST_FAULT = 300;

const usage = (fault: string, remedy: string) =>
  new PmError({
    code: 'usage',
    what: 'cannot understand the command line',
    fault: visible(fault, LONGEST_FAULT),
    remedy,
  });
