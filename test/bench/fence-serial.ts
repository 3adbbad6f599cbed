/**
 * fence_virtd with its serial listener, which connects to the sockets that the serial lines of libvirt's machines end
 * in. The line of the one that asks is not its QEMU's but a pseudo-terminal's, so that a process on the host can play
 * the guest's end, as it does for fence_vm.
 */
import { endProgram, startProgram } from '../lab/bridge-programs.ts';
import { writeVictim } from '../lab/fencing-victim.ts';
import type { Laboratory } from '../lab/lab.ts';
import { waitFor } from '../lab/wait-for.ts';
import { MODULES } from './fence-virtd.ts';

/** What the client is told to open. */
export const SERIAL_LINE = '/run/bench-serial';

const MACHINE = 'bench-serial';
const FOLDER = '/run/bench-serial.d';
const SOCKET = `${FOLDER}/${MACHINE}`;
const CONFIGURATION_FILE = '/etc/fence_virt-serial.conf';
const CONFIGURATION = `fence_virtd { listener = "serial"; backend = "libvirt"; module_path = "${MODULES}"; }
listeners { serial { uri = "qemu:///system"; path = "${FOLDER}"; mode = "serial"; } }
backends { libvirt { uri = "qemu:///system"; } }
`;
const DEVICE = `<serial type='unix'><source mode='bind' path='${SOCKET}'/><target port='0'/></serial>`;
const PROGRAMS = ['serial-daemon', 'serial-holder', 'serial-line'] as const;

/** Beside one with multicast, whose key it looks for although it has no use for it. */
export async function startSerialFenceVirtd(lab: Laboratory, host: string): Promise<void> {
  const [daemon, holder, line] = PROGRAMS;
  const script = `mkdir -p ${FOLDER}; cat >${CONFIGURATION_FILE}; chmod 600 ${CONFIGURATION_FILE}`;
  await lab.output(host, ['/bin/sh', '-c', script], { input: CONFIGURATION });
  await lab.output(host, ['virsh', '-q', 'define', await writeVictim(lab, MACHINE, DEVICE)]);
  await lab.output(host, ['virsh', '-q', 'start', MACHINE]);
  await lab.output(host, ['rm', SOCKET]);
  await startProgram(lab, host, line, ['socat', `PTY,link=${SERIAL_LINE},rawer`, `UNIX-LISTEN:${SOCKET}`]);
  await waitForSuccess(lab, host, 'the serial line is there', ['test', '-S', SOCKET]);
  // socat ends when the last one closes the line, as each client does.
  await startProgram(lab, host, holder, ['/bin/sh', '-c', `exec sleep infinity <>${SERIAL_LINE}`]);
  const argv = ['fence_virtd', '-F', '-f', CONFIGURATION_FILE, '-p', '/run/fence_virtd-serial.pid'];
  await startProgram(lab, host, daemon, argv);
  // It would answer later what was asked before, and a client can't tell answers apart.
  const connected = ['grep', '-q', ` 03 .* ${SOCKET}$`, '/proc/net/unix'];
  await waitForSuccess(lab, host, 'fence_virtd has connected to the serial line', connected);
  await lab.output(host, ['fence_virt', '-D', SERIAL_LINE, '-o', 'list']);
}

export async function endSerialFenceVirtd(lab: Laboratory, host: string): Promise<void> {
  await endProgram(lab, host, PROGRAMS);
  for (const word of ['destroy', 'undefine']) await lab.on(host, ['virsh', '-q', word, MACHINE]);
}

async function waitForSuccess(
  lab: Laboratory,
  host: string,
  what: string,
  argv: readonly string[],
): Promise<void> {
  await waitFor(what, 30_000, async () => {
    const result = await lab.on(host, argv);
    return result.kind === 'exited' && result.exitCode === 0;
  });
}
