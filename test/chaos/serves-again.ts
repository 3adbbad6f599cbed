/** When the faults have ended everything is asked for once more, of everybody who may be asked, and has to be done. */
import { messageOf } from '../../shared/errors.ts';
import type { CommandResult } from '../../shared/process/run-command.ts';
import { resourceOf } from '../lab/fencing-tokens.ts';
import { waitFor } from '../lab/wait-for.ts';
import { ASKERS, VICTIMS, type Victim } from './chaos-names.ts';
import { type LoadContext, startVictim } from './load.ts';

const STARTS_WITHIN_MS = 60_000;
const MIGRATES_WITHIN_MS = 45_000;

/** What was not done. */
export async function serveAgain(context: LoadContext): Promise<readonly string[]> {
  const missing: string[] = [];
  const attempt = async (what: string, task: () => Promise<unknown>) => {
    try {
      await task();
    } catch (thrown) {
      missing.push(`${what}: ${messageOf(thrown).split('\n')[0]}`);
    }
  };
  for (const victim of VICTIMS) await attempt(`${victim} starts`, () => start(context, victim));
  await attempt(`${VICTIMS[0]} migrates`, () => migrate(context, VICTIMS[0]));
  for (const [index, asker] of ASKERS.entries()) {
    const victim = VICTIMS[index % VICTIMS.length] ?? VICTIMS[0];
    const { requests } = context;
    await attempt(`${asker.name} pings`, async () => mustSucceed(await requests.ping(asker)));
    await attempt(`${asker.name} asks`, async () => mustSucceed(await requests.monitor(asker, 'last')));
    await attempt(`${asker.name} fences ${victim}`, async () =>
      mustSucceed(await requests.fence(asker, 'off', victim)),
    );
    await attempt(`${victim} starts again`, () => start(context, victim));
  }
  return missing;
}

function mustSucceed(result: CommandResult): void {
  if (result.kind === 'exited' && result.exitCode === 0) return;
  const ending = result.kind === 'exited' ? `exit status ${result.exitCode}` : result.kind;
  throw new Error(`${ending}: ${result.stderr.trim().split('\n').at(-1)}`);
}

async function start({ world, watch }: LoadContext, victim: Victim): Promise<void> {
  const always = { isDone: () => false, isFair: () => true };
  const { runs, fairMs } = await startVictim(world.lab, watch, victim, STARTS_WITHIN_MS, always);
  if (!runs) throw new Error(`it does not run after ${Math.round(fairMs / 1000)} s`);
}

async function migrate({ world: { lab }, watch: { observer } }: LoadContext, victim: Victim): Promise<void> {
  const order = (verb: string) => lab.ask('hosts', ['crm_resource', `--${verb}`, '-r', resourceOf(victim)]);
  await lab.waitForIdle('hosts');
  const sinceMs = Date.now();
  await order('move');
  try {
    const isThere = () => observer.hasSetOut(victim, sinceMs) && observer.livesOf(victim).length === 1;
    await waitFor(`${victim} lives on another host`, MIGRATES_WITHIN_MS, isThere, { pollMs: 50 });
  } finally {
    await order('clear');
  }
  await lab.waitForIdle('hosts');
}
