/** Two guests that ask for each other's death at once, on different hosts: one lives, however the requests race. */
import assert from 'node:assert/strict';
import { resultOf } from '../support/bridge-stand-in.ts';
import { role } from './fault-kinds.ts';
import { manageVictim, startStonithd } from './fault-world.ts';
import { playBridge } from './fencing-bridge.ts';
import { isAlive } from './fencing-observer.ts';
import { copyKeys, makeKey, makeToken, resourceOf } from './fencing-tokens.ts';
import { HOSTS, stopProgram } from './fencing-world.ts';
import { labTest } from './shared-lab.ts';
import { waitFor } from './wait-for.ts';

const ONE = 'rival-one';
const OTHER = 'rival-other';
const ROUNDS = 5;
const DEADLINE_MS = 20_000;

labTest(
  'of two guests that ask for each other, exactly one is fenced, and what is left of the other has no say',
  async (lab, t) => {
    for (const host of HOSTS) await stopProgram(lab, host, 'vm-stonithd'); // of a test that could not do it itself
    await lab.pushPrograms();
    await manageVictim(lab, ONE, 'hosta');
    await manageVictim(lab, OTHER, 'hostb');
    await makeKey(lab, 'hosta');
    const forOther = await makeToken(lab, { resource: resourceOf(OTHER), guest: ONE });
    const forOne = await makeToken(lab, { resource: resourceOf(ONE), guest: OTHER });
    await copyKeys(lab);
    const bridges = { hosta: await playBridge(lab, 'hosta'), hostb: await playBridge(lab, 'hostb') };
    try {
      for (const host of HOSTS) await startStonithd(lab, host);
      for (const host of HOSTS) await bridges[host].waitForService();
      for (let round = 0; round < ROUNDS; round++) {
        const answers = await Promise.all([
          bridges.hosta.ask(`off ${forOther}`, DEADLINE_MS, { guest: ONE }),
          bridges.hostb.ask(`off ${forOne}`, DEADLINE_MS, { guest: OTHER }),
        ]);
        const alive = [ONE, OTHER].filter((name) => isAlive(lab, name));
        t.diagnostic(`round ${round + 1}: ${answers.map(resultOf).join(', ')}; alive: ${alive.join(', ')}`);
        assert.equal(alive.length, 1, 'one lives, and one only');
        const [winner = ''] = alive;
        const [won, lost] = winner === ONE ? answers : answers.toReversed();
        assert.equal(resultOf(won), 'confirmed');
        assert.match(resultOf(lost), /^(failed|unknown)$/);
        const late =
          winner === ONE
            ? bridges.hostb.ask(`off ${forOne}`, DEADLINE_MS, { guest: OTHER })
            : bridges.hosta.ask(`off ${forOther}`, DEADLINE_MS, { guest: ONE });
        assert.match(
          resultOf(await late),
          /^(failed|unknown)$/,
          'what the dead one had asked for comes too late',
        );
        assert.ok(isAlive(lab, winner));
        for (const name of [ONE, OTHER]) {
          await role(lab, 'Started', resourceOf(name));
          await waitFor(`${name} runs`, 30_000, () => isAlive(lab, name));
        }
        await lab.waitForIdle('hosts');
      }
    } finally {
      for (const host of HOSTS) {
        await stopProgram(lab, host, 'vm-stonithd');
        await bridges[host].close();
      }
    }
  },
);
