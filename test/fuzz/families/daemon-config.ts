/** What the configuration files of the daemons mean to each of them. */
import { isAbsolute } from 'node:path';
import { settingsIn as agentSettingsIn, readAgentSettings } from '../../../guest/agent/agent-settings.ts';
import { settingsIn as hostSettingsIn } from '../../../host/connect/host-settings.ts';
import {
  readStonithSettings,
  settingsIn as stonithSettingsIn,
} from '../../../host/stonith/service/settings.ts';
import { PmError } from '../../../shared/errors.ts';
import { type Family, law, lawfulWords } from '../family.ts';

const FILE = '/etc/file';
/** What the text says goes the way of flags. */
const NO_FILE = { file: '/nonexistent/conf', isNamed: false } as const;

const onWarning = (words: string) => lawfulWords(words, 'a warning');

export const daemonConfig: Family = {
  name: 'daemon-config',
  seeds: () => [
    '[host]\nsocket = /run/vmconnectd.sock\nlibvirt = qemu:///system\nlog-level = info\nsweep-seconds = 60\nsocket-directories = /a /b\n',
    '[guest a b]\nmode = connect\npath = /run/../s\n[guest]\nport = /dev/virtio-ports/vmconnectd\nsocket = /run/s\nlog-level = debug\n',
    '[stonith]\nbackend = libvirt\nkeys = /k\nsocket = /s\nlibvirt = test:///default\ndecrypt-command = openssl -k x\ndecrypt-stdin = yes\ndecrypt-ok-exit = 0\n',
  ],
  words: [
    ...[
      '[host]\n',
      '[guest x]\n',
      '[guest]\n',
      '[stonith]\n',
      'socket = ',
      'port = ',
      'path = ',
      'mode = ',
      'backend = ',
      'log-level = ',
      'sweep-seconds = ',
    ],
    ...[
      'socket-directories = ',
      'decrypt-ok-exit = ',
      '__proto__ = ',
      'constructor = /x',
      '/',
      '..',
      '=',
      '\n',
      ' ',
      '\t',
      '\u200e',
      '\u2028',
      '999',
      '-1',
      'pacemaker',
      'connect',
    ],
  ],
  usualBytes: 400,
  longestBytes: 50_000,
  check(input) {
    const text = input.toString('utf8');
    orRefused(() => {
      const { sweepMs = 1_000, socketDirectories = [], guests = [] } = hostSettingsIn(FILE, text, onWarning);
      law(sweepMs >= 1_000 && sweepMs <= 3_600_000, 'a time that is none', sweepMs);
      const places = [
        ...socketDirectories,
        ...guests.map(({ port }) => (port.kind === 'socket' ? port.path : '/')),
      ];
      law(places.every(isAbsolute), 'a place that depends on where one is', places);
    });
    orRefused(() => {
      const flags = agentSettingsIn(FILE, text, onWarning);
      const { port, socket } = readAgentSettings({ ...NO_FILE, flags, onWarning });
      law(isAbsolute(port) && isAbsolute(socket), 'a place that depends on where one is', port, socket);
    });
    orRefused(() => {
      const flags = stonithSettingsIn(FILE, text, onWarning);
      readStonithSettings({ ...NO_FILE, flags, onWarning, isClusterConfigured: () => false });
    });
  },
};

function orRefused(read: () => unknown): void {
  try {
    read();
  } catch (thrown) {
    if (!(thrown instanceof PmError)) throw thrown;
    law(thrown.code === 'config', 'refused as something else', thrown.code);
    for (const fault of thrown.faults.length > 0 ? thrown.faults : [thrown.fault])
      lawfulWords(fault, 'a fault');
    lawfulWords(thrown.what, 'what was wanted');
  }
}
