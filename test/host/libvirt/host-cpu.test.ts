/** What virsh says of processors, in the words of libvirt 9. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareCpu } from '../../../host/libvirt/host-cpu.ts';

const FILE = '/etc/libvirt/qemu/a is identical to b.xml';

async function comparison(exitCode: number, stdout: string, stderr = '') {
  const virsh = {
    run: async () => ({ kind: 'exited' as const, exitCode, stdout, stderr, elapsedMs: 1 }),
    uri: 'qemu:///system',
    deadlineMs: 1_000,
  };
  const answer = await compareCpu(virsh, FILE, 'kvm');
  return answer.ok ? answer.isFit : answer.kind;
}

test('a processor fits when virsh says so, and does not when virsh says that; anything else is told as it is', async () => {
  const unfit = `CPU described in ${FILE} is incompatible with the CPU provided by hypervisor on the host\n\n`;
  const fit = [
    `CPU described in ${FILE} is identical to the CPU provided by hypervisor on the host\n\n`,
    `The CPU provided by hypervisor on the host is a superset of CPU described in ${FILE}\n\n`,
  ];
  assert.equal(await comparison(1, unfit), false);
  for (const words of fit) {
    assert.equal(await comparison(0, words), true);
    assert.equal(await comparison(1, words), 'refused');
  }
  assert.equal(await comparison(0, ''), 'unreadable');
  assert.equal(await comparison(0, 'CPU described in another is identical to it\n'), 'unreadable');
  assert.equal(await comparison(1, '', 'error: Failed to compare hypervisor CPU with x\n'), 'refused');
});
