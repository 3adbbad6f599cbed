/** Laws of the hosts' resource agents, as the field's own tester judges them. */
import assert from 'node:assert/strict';
import { labTest } from './shared-lab.ts';

const DISK = '/var/lib/lab-disk.img';

for (const [agent, parameters] of [
  ['diskd', [`device=${DISK}`, 'name=tested', 'interval=1']],
  ['vm-anything', ['binfile=/usr/bin/sleep', 'cmdline_options=1000', 'login_shell=false']],
] as const) {
  labTest(`ocf:extra:${agent} passes ocf-tester`, async (lab, t) => {
    await lab.pushPrograms();
    await lab.output('hosta', ['truncate', '-s', '8M', DISK]);
    const words = parameters.flatMap((parameter) => ['-o', parameter]);
    const path = `/usr/lib/ocf/resource.d/extra/${agent}`;
    const result = await lab.on('hosta', ['ocf-tester', '-n', 'tested', ...words, path], {
      deadlineMs: 240_000,
    });
    t.diagnostic(result.stdout.trim().split('\n').at(-1) ?? '');
    assert.equal(result.kind === 'exited' && result.exitCode, 0, result.stdout + result.stderr);
  });
}
