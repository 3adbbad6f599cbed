/**
 * Whether a guest really boots under KVM here: /dev/kvm may be there and open, and yet a guest never gets past its
 * first instruction. So one is booted; the verdict holds until the machine boots anew.
 */
import { accessSync, constants, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { followCommand } from '../../shared/process/follow-command.ts';
import { joining } from './cgroup.ts';
import { IMAGE_FOLDERS } from './guest-image.ts';
import { type Lab, leaf } from './lab-handle.ts';
import { IMAGE_CACHE } from './layout.ts';

const PROBE_MS = 5_000;
/** Printed when the kernel hands over to the initramfs. */
const SIGN_OF_LIFE = /Run \/init/;

export type Accelerator = 'kvm' | 'tcg';

export async function accelerator(lab: Lab, imageKey: string): Promise<Accelerator> {
  if (process.env['LAB_ACCEL'] === 'tcg' || !canOpen('/dev/kvm')) return 'tcg';
  const file = join(IMAGE_CACHE, 'kvm-verdict');
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  const known = existsSync(file) ? readFileSync(file, 'utf8') : '';
  if (known.startsWith(boot)) return known.trim().endsWith('kvm') ? 'kvm' : 'tcg';
  const verdict = (await bootsUnderKvm(lab, imageKey)) ? 'kvm' : 'tcg';
  writeFileSync(file, `${boot} ${verdict}\n`);
  return verdict;
}

async function bootsUnderKvm(lab: Lab, imageKey: string): Promise<boolean> {
  const image = join(IMAGE_FOLDERS, imageKey);
  const machine = [
    '-nodefaults',
    '-no-user-config',
    '-display',
    'none',
    '-no-reboot',
    '-machine',
    'q35',
    '-m',
    '256',
  ];
  const kernel = [
    '-kernel',
    `${image}/vmlinuz`,
    '-initrd',
    `${image}/initrd`,
    '-append',
    'console=ttyS0 panic=-1',
  ];
  const argv = [
    'qemu-system-x86_64',
    '-accel',
    'kvm',
    '-cpu',
    'max',
    ...machine,
    ...kernel,
    '-serial',
    'stdio',
  ];
  let alive = false;
  const probe = followCommand(joining(leaf(lab, 'commands'), argv), {
    onLine: (line) => {
      if (!SIGN_OF_LIFE.test(line)) return;
      alive = true;
      probe.stop();
    },
  });
  const limit = setTimeout(() => probe.stop(), PROBE_MS);
  await probe.ended;
  clearTimeout(limit);
  return alive;
}

function canOpen(path: string): boolean {
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
