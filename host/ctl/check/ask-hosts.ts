/**
 * Asks the other hosts what only they can tell: `vm-ctl check --local --json`, run there by the shell of vm-ctl.conf,
 * which is ssh unless it says otherwise.
 */
import { describeResult } from '../../../shared/process/run-command.ts';
import type { Session } from '../cluster/session.ts';
import { type HostFacts, readHostFacts } from './host-facts.ts';

export type AskedHost =
  | { readonly node: string; readonly ok: true; readonly facts: HostFacts }
  | { readonly node: string; readonly ok: false; readonly fault: string };

const DEADLINE_MS = 60_000;

export function askHosts(session: Session, nodes: readonly string[]): Promise<readonly AskedHost[]> {
  return Promise.all(nodes.map((node) => askHost(session, node)));
}

async function askHost({ settings, pacemaker }: Session, node: string): Promise<AskedHost> {
  const argv = [...settings.remoteShell, node, 'vm-ctl', 'check', '--local', '--json'];
  const result = await pacemaker.run(argv, { deadlineMs: DEADLINE_MS });
  const facts = result.kind === 'exited' ? readHostFacts(parsed(result.stdout)) : undefined;
  if (facts !== undefined) return { node, ok: true, facts };
  const said = result.stderr.trim().split('\n').at(-1) ?? '';
  const isExit = result.kind === 'exited' && said !== '';
  return { node, ok: false, fault: isExit ? said : describeResult(argv, result) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
