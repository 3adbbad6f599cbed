/** What vm-stonithd tells other nodes and the cluster's plans need not know stays out of the CIB, whatever pacemaker-attrd has forgotten. */
import assert from 'node:assert/strict';
import { KEY_ATTRIBUTE } from '../../host/stonith/pacemaker/cluster-back-end.ts';
import { startStonithd } from './fault-world.ts';
import { makeKey } from './fencing-tokens.ts';
import { stopProgram } from './fencing-world.ts';
import { labTest } from './shared-lab.ts';
import { waitFor } from './wait-for.ts';

labTest(
  'a vm-stonithd that is stopped while pacemaker-attrd has forgotten its key publishes it to nodes alone afterwards',
  async (lab) => {
    await lab.pushPrograms();
    await makeKey(lab, 'hosta');
    const told = () => lab.on('hosta', ['attrd_updater', '--query', '--all', `--name=${KEY_ATTRIBUTE}`]);
    const isTold = async () => /value="[0-9a-f]+"/.test((await told()).stdout);
    await startStonithd(lab);
    await waitFor('its key is told', 10_000, isTold);
    const hosts = lab.spec().hosts;
    for (const host of hosts) await lab.signalDaemon(host, 'pacemaker-attrd', 'KILL');
    await waitFor('it is forgotten', 30_000, async () => /does not exist/.test((await told()).stderr));
    await stopProgram(lab, 'hosta', 'vm-stonithd');
    await startStonithd(lab);
    try {
      await waitFor('its key is told', 10_000, isTold);
      await lab.waitForIdle('hosts');
      const inCib = await lab.on('hosta', [
        'cibadmin',
        '--query',
        '--xpath',
        `//nvpair[@name='${KEY_ATTRIBUTE}']`,
      ]);
      assert.match(inCib.stderr, /No such device or address/, inCib.stdout);
    } finally {
      await stopProgram(lab, 'hosta', 'vm-stonithd');
    }
  },
);
