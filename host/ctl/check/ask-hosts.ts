/**
 * Asks the other hosts what only they can tell: `vm-ctl check --local --json`, run there by the shell of vm-ctl.conf,
 * which is ssh unless it says otherwise.
 */
import { describeResult } from '../../../shared/process/run-command.ts';
import type { Session } from '../cluster/session.ts';
import { type HostFacts, readHostFacts } from './host-facts.ts';

export type AskedHost =
  | {
      readonly node: string;
      readonly ok: true;
      readonly facts: HostFacts;
      /** How far its clock is from ours at least, whatever the way took: ahead, or behind when negative. */
      readonly clockOffMs: number;
    }
  | { readonly node: string; readonly ok: false; readonly fault: string };

const DEADLINE_MS = 60_000;

export function askHosts(session: Session, nodes: readonly string[]): Promise<readonly AskedHost[]> {
  return Promise.all(nodes.map((node) => askHost(session, node)));
}

async function askHost({ settings, pacemaker }: Session, node: string): Promise<AskedHost> {
  const argv = [...settings.remoteShell, node, 'vm-ctl', 'check', '--local', '--json'];
  const askedMs = Date.now();
  const result = await pacemaker.run(argv, { deadlineMs: DEADLINE_MS });
  const facts = result.kind === 'exited' ? readHostFacts(parsed(result.stdout)) : undefined;
  if (facts !== undefined)
    return { node, ok: true, facts, clockOffMs: clockOff(facts.wallMs, askedMs, Date.now()) };
  const said = result.stderr.trim().split('\n').at(-1) ?? '';
  const isExit = result.kind === 'exited' && said !== '';
  return { node, ok: false, fault: isExit ? said : describeResult(argv, result) };
}

/** It was read at some moment between asking and hearing. */
export function clockOff(wallMs: number | undefined, askedMs: number, heardMs: number): number {
  if (wallMs === undefined) return 0;
  return wallMs > heardMs ? wallMs - heardMs : Math.min(0, wallMs - askedMs);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
