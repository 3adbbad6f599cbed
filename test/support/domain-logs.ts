/**
 * What libvirt's logs of a domain tell of where it went: one table for all who read them, in whichever language. The
 * lines are libvirt 9's.
 */
import { utimesSync } from 'node:fs';

const AT = '2026-11-21 20:39:06.931+0000: ';
const START = `${AT}starting up libvirt version: 9.0.0, package: 9.0.0-4+deb12u2 (Debian), qemu version: 7.2.22, kernel: 6.1\n`;
const QEMU = 'LC_ALL=C \\\nPATH=/usr/bin \\\n-msg timestamp=on\n';
const SIGNAL =
  '2026-11-21T20:39:16.234871Z qemu-system-x86_64: terminating on signal 15 from pid 64 (libvirtd)\n';
const end = (reason: string) => `${AT}shutting down, reason=${reason}\n`;

export interface DomainLogs {
  readonly about: string;
  /** By what follows the domain's name; the older first. */
  readonly logs: Readonly<Record<string, string>>;
  readonly wasSentAway: boolean;
}

const one = (about: string, log: string, wasSentAway: boolean): DomainLogs => ({
  about,
  logs: { '.log': log },
  wasSentAway,
});

export const DOMAIN_LOGS: readonly DomainLogs[] = [
  { about: 'no log', logs: {}, wasSentAway: false },
  one('nothing of libvirt', QEMU + SIGNAL, false),
  one('a start', START + QEMU, false),
  one('ended here', START + QEMU + end('destroyed'), false),
  one('sent away', START + QEMU + end('migrated') + SIGNAL, true),
  one('sent away, and started since', START + QEMU + end('migrated') + START, false),
  one(
    'sent away, and a start has failed since',
    START + QEMU + end('migrated') + START + QEMU + end('failed'),
    true,
  ),
  one(
    'sent away, and starts have failed since before libvirt wrote that it begins',
    START + end('migrated') + end('failed') + end('failed'),
    true,
  ),
  one(
    'sent away, started since till the host went down, and a start has failed since',
    START + end('migrated') + START + START + end('failed'),
    false,
  ),
  one('ended here, and a start has failed since', START + end('shutdown') + START + end('failed'), false),
  one('a start that failed', START + end('failed'), false),
  one('words of QEMU that look alike', `${START}qemu-system-x86_64: shutting down, reason=migrated\n`, false),
  one('sent away after much that QEMU said', `${START}${'x'.repeat(500_000)}\n${end('migrated')}`, true),
  {
    about: 'sent away, in what virtlogd has moved away since',
    logs: { '.log.0': START + end('migrated'), '.log': SIGNAL },
    wasSentAway: true,
  },
  {
    about: 'sent away, in what logrotate has moved away since',
    logs: { '.log.1': START + end('migrated'), '.log': '' },
    wasSentAway: true,
  },
  {
    about: 'sent away, and started since the log was moved away',
    logs: { '.log.1': START + end('migrated'), '.log': START },
    wasSentAway: false,
  },
  {
    about: 'started between two logs that were moved away',
    logs: { '.log.1': START + end('migrated'), '.log.0': START, '.log': SIGNAL },
    wasSentAway: false,
  },
  {
    about: 'sent away, as a log of a date tells',
    logs: { '.log-20261108': START + end('migrated'), '.log': SIGNAL },
    wasSentAway: true,
  },
  {
    about: 'started, as the newer of two logs tells that count otherwise',
    logs: { '.log.0': START + end('migrated'), '.log.1': START, '.log': '' },
    wasSentAway: false,
  },
  {
    about: 'sent away, after a log that ends within a line',
    logs: { '.log.1': `${START}half a li`, '.log.0': end('migrated'), '.log': '' },
    wasSentAway: true,
  },
  {
    about: 'the log of a domain whose name begins like it',
    logs: { '.log.10.log': START + end('migrated'), '.log': SIGNAL },
    wasSentAway: false,
  },
];

/** Written in their order, and told apart by their times. */
export function writeDomainLogs(
  logs: DomainLogs['logs'],
  write: (suffix: string, text: string) => string,
): void {
  for (const [index, [suffix, text]] of Object.entries(logs).entries()) {
    const changed = new Date(Date.UTC(2026, 0, 1 + index));
    utimesSync(write(suffix, text), changed, changed);
  }
}
