/** fence_virtd on a host of the laboratory, as its manual has it for one host: multicast, and libvirt behind it. */
import { startProgram } from '../lab/fencing-world.ts';
import type { Laboratory } from '../lab/lab.ts';
import { waitFor } from '../lab/wait-for.ts';

export const XVM_KEY = '/etc/cluster/fence_xvm.key';
export const MODULES = '/usr/lib/x86_64-linux-gnu/fence-virt';
const CONFIGURATION = '/etc/fence_virt.conf';
const routeOver = (networkInterface: string) => ['224.0.0.0/4', 'dev', networkInterface];

const configuration = (
  networkInterface: string,
) => `fence_virtd { listener = "multicast"; backend = "libvirt"; module_path = "${MODULES}"; }
listeners { multicast { key_file = "${XVM_KEY}"; interface = "${networkInterface}"; family = "ipv4"; port = "1229"; address = "225.0.0.12"; } }
backends { libvirt { uri = "qemu:///system"; } }
`;

/** Resolves when a client on the same host is answered. */
export async function startFenceVirtd(
  lab: Laboratory,
  host: string,
  networkInterface: string,
): Promise<void> {
  const script = `mkdir -p "$(dirname ${XVM_KEY})"; head -c 512 /dev/urandom >${XVM_KEY}; cat >${CONFIGURATION}`;
  await lab.output(host, ['/bin/sh', '-c', script], { input: configuration(networkInterface) });
  await lab.on(host, ['ip', 'route', 'replace', ...routeOver(networkInterface)]);
  await startProgram(lab, host, 'fence_virtd', '-F', '-f', CONFIGURATION);
  await waitFor('fence_virtd answers', 30_000, async () => {
    const asked = await lab.on(host, ['fence_xvm', '-o', 'list', '-t', '3']);
    return asked.kind === 'exited' && asked.exitCode === 0 && asked.stdout !== '';
  });
}

export async function endFenceVirtd(lab: Laboratory, host: string, networkInterface: string): Promise<void> {
  await lab.on(host, ['pkill', '-x', 'fence_virtd']);
  await lab.on(host, ['ip', 'route', 'delete', ...routeOver(networkInterface)]);
}
