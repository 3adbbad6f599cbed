/** A virtual machine that runs nothing, for tests of fencing alone: it is there in no time, and costs 32 MiB. */
import type { Laboratory } from './lab.ts';

export const VICTIM = 'fault-victim';
export const VICTIM_XML = `/var/lib/libvirt/images/${VICTIM}.xml`;

const DOMAIN = `<domain type='qemu'>
  <name>${VICTIM}</name>
  <uuid>000000ff-1111-4111-8111-111111111111</uuid>
  <memory unit='MiB'>32</memory><vcpu>1</vcpu>
  <os><type arch='x86_64' machine='pc-q35-7.2'>hvm</type></os>
  <devices><emulator>/usr/bin/qemu-system-x86_64</emulator><memballoon model='none'/></devices>
</domain>
`;

/** Where both hosts see it. */
export async function writeVictim(lab: Laboratory): Promise<void> {
  await lab.output('hosta', ['/bin/sh', '-c', `cat >${VICTIM_XML}`], { input: DOMAIN });
}

/** A new key on one host, and a token for all that can be asked of a target. */
export async function makeAskersToken(
  lab: Laboratory,
  host: string,
  resource: string,
  guest: string,
): Promise<string> {
  await lab.output(host, ['/bin/sh', '-c', 'rm -f /etc/pm-kvm-tools/keys; vm-ctl key make']);
  const argv = ['vm-ctl', 'token', 'make', '--resource', resource, '--guest', guest];
  return (await lab.output(host, argv)).trim();
}
