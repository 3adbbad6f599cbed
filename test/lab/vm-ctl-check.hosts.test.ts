/** What `check` finds on real hosts that fencing can't do without: the agent on each, and no memory to go on from. */
import assert from 'node:assert/strict';
import type { Laboratory } from './lab.ts';
import { labTest } from './shared-lab.ts';
import { CONFIG_WITH_SHELL, done, endReach, install, letReach, vmCtl } from './vm-ctl-world.ts';

const AGENT = '/usr/lib/ocf/resource.d/extra/VirtualDomain';
const CONFIG = CONFIG_WITH_SHELL.replace('ocf:heartbeat:', 'ocf:extra:');

async function findings(lab: Laboratory): Promise<readonly string[]> {
  const { stdout } = await vmCtl(lab, ['check', '--json']);
  return JSON.parse(stdout).findings.map(({ key, node = '', resources = '' }: Record<string, string>) =>
    [key, node, resources].filter((word) => word !== '').join(' '),
  );
}

labTest(
  'check finds a host that has no agent, where nobody can prove anything, and memory that libvirt keeps',
  async (lab) => {
    await lab.pushPrograms();
    await install(lab, CONFIG);
    await letReach(lab);
    try {
      await lab.output('hosta', ['virsh', '-q', 'start', 'guest3']);
      await lab.output('hosta', ['virsh', '-q', 'managedsave', 'guest3']);
      await lab.output('hostb', ['mv', AGENT, '/root/VirtualDomain']);
      await done(lab, 'resource', 'add', 'guest3', '-a', 'hosta');
      await lab.waitForIdle('hosts');
      const wrong = ['node-without-agent hostb prmVMCTL_guest3', 'saved-memory hosta'];
      const found = await findings(lab);
      for (const one of wrong) assert.ok(found.includes(one), found.join(', '));
      assert.ok(!found.includes('saved-memory hostb'), found.join(', '));

      // As the messages say.
      await lab.output('hosta', ['virsh', '-q', 'managedsave-remove', 'guest3']);
      await lab.output('hostb', ['mv', '/root/VirtualDomain', AGENT]);
      await lab.output('hosta', ['crm_resource', '--refresh']);
      await lab.waitForIdle('hosts');
      const mended = await findings(lab);
      for (const one of wrong) assert.ok(!mended.includes(one), mended.join(', '));
    } finally {
      await lab.on('hosta', ['virsh', '-q', 'managedsave-remove', 'guest3']);
      await endReach(lab);
    }
  },
  { limitMs: 240_000 },
);
