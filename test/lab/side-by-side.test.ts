/** Law: laboratories that stand side by side, with the same names and addresses inside, know nothing of each other. */
import assert from 'node:assert/strict';
import { laboratory } from './lab.ts';
import { guestSpec } from './layout.ts';
import { labTest } from './shared-lab.ts';

labTest('what happens in one laboratory does not happen in another', async (lab) => {
  const other = laboratory(`${lab.name}-two`, () => undefined);
  try {
    await other.up({ hosts: ['hosta', 'hostb'], guests: [guestSpec('guest1', 'hostb', { cluster: false })] });
    assert.equal(lab.hostOf('guest1'), 'hosta');
    assert.equal(other.hostOf('guest1'), 'hostb');
    await other.output('guest1', ['touch', '/here']);
    await assert.rejects(lab.output('guest1', ['test', '-e', '/here']));

    await other.cut('hosta');
    await lab.output('hosta', ['ping', '-c', '1', '-W', '1', '10.77.0.2']);
    await other.mend();
    await other.kill('guest1');
    assert.equal(lab.hostOf('guest1'), 'hosta');
    await other.kill('hostb');
    await lab.output('hostb', ['true']);
  } finally {
    await other.down();
  }
  assert.deepEqual(await lab.onlineNodes('hosta'), ['hosta', 'hostb']);
  assert.deepEqual(await lab.onlineNodes('guest1'), ['guest1', 'guest2']);
});
