/** Laws of the resource agents of host health, as the field's own tester judges them: on a host, where all is that it needs. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { CHECKOUT } from './layout.ts';
import { labTest } from './shared-lab.ts';

const DISK = '/var/lib/lab-disk.img';
const INSTALLED = '/usr/lib/ocf/resource.d/extra';

for (const [agent, folder, parameters] of [
  ['diskd', INSTALLED, [`device=${DISK}`, 'name=tested', 'interval=1']],
  ['vm-anything', INSTALLED, ['binfile=/usr/bin/sleep', 'cmdline_options=1000', 'login_shell=false']],
  // Here nobody answers it, which is no failure of it.
  ['vm-client', join(CHECKOUT, 'guest/agents'), ['attribute_list=tested', 'timeout=1']],
] as const) {
  labTest(`ocf:extra:${agent} passes ocf-tester`, async (lab, t) => {
    await lab.pushPrograms();
    await lab.output('hosta', ['truncate', '-s', '8M', DISK]);
    const words = parameters.flatMap((parameter) => ['-o', parameter]);
    const result = await lab.on('hosta', ['ocf-tester', '-n', 'tested', ...words, join(folder, agent)], {
      deadlineMs: 240_000,
    });
    t.diagnostic(result.stdout.trim().split('\n').at(-1) ?? '');
    assert.equal(result.kind === 'exited' && result.exitCode, 0, result.stdout + result.stderr);
  });
}
