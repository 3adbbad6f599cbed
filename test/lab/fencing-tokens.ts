/** The keys of the hosts, and the tokens of the guests. */
import type { Laboratory } from './lab.ts';

export const resourceOf = (guest: string): string => `prmVMCTL_${guest}`;

const KEYS = '/etc/pm-kvm-tools/keys';

/** A new key on that host, and no other. */
export async function makeKey(lab: Laboratory, host: string): Promise<void> {
  await lab.output(host, ['/bin/sh', '-c', `rm -f ${KEYS}; vm-ctl key make`]);
}

/** From hosta to hostb. */
export async function copyKeys(lab: Laboratory): Promise<void> {
  const input = await lab.output('hosta', ['cat', KEYS]);
  const script = `umask 077; mkdir -p -m 755 ${KEYS.replace('/keys', '')}; cat >${KEYS}`;
  await lab.output('hostb', ['/bin/sh', '-c', script], { input });
}

/** For a guest, under the key that is there. */
export async function makeToken(
  lab: Laboratory,
  { host = 'hosta', resource, guest }: { host?: string; resource: string; guest: string },
  ...more: readonly string[]
): Promise<string> {
  const argv = ['vm-ctl', 'token', 'make', '--resource', resource, '--guest', guest, ...more];
  return (await lab.output(host, argv)).trim();
}

/** In the file of each: what it needs to ask for the other. */
export async function giveTokens(lab: Laboratory, guests: readonly string[]): Promise<void> {
  for (const victim of guests) {
    for (const guest of guests.filter((one) => one !== victim)) {
      const token = await makeToken(lab, { resource: resourceOf(victim), guest });
      const script = 'umask 077; mkdir -p -m 755 /etc/pm-kvm-tools; cat >/etc/pm-kvm-tools/tokens';
      await lab.output(guest, ['/bin/sh', '-c', script], { input: `${victim} ${token}\n` });
    }
  }
}
