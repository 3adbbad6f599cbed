/**
 * What the cluster would do with a configuration: Pacemaker's own scheduler, `crm_simulate` (30 ms).
 *
 * `--run` only decides. `--simulate` also plays the actions through, which tells nothing that is needed here, and is
 * slow: with 200 guests 13 s instead of 70 ms.
 */
import { printXml } from '../xml/print-xml.ts';
import { childrenNamed, elementAt, type XmlElement } from '../xml/xml-element.ts';
import { scoreOf } from './attribute-sets.ts';
import type { Pacemaker, PacemakerFailure } from './pacemaker-call.ts';
import { callForResult, requiredChild, requiredText } from './pacemaker-result.ts';

export interface Simulation {
  /** In the order of the scheduler's list; what is left as it is, isn't named. */
  readonly actions: readonly SimulatedAction[];
  /** Per resource, per node; -1,000,000 is -INFINITY. */
  readonly scores: ReadonlyMap<string, ReadonlyMap<string, number>>;
}

export interface SimulatedAction {
  /** `start`, `stop`, `move`, `migrate`, `restart`, `recover`, `promote`, `fence`, … */
  readonly action: string;
  /** Undefined for an action on a node. */
  readonly resource: string | undefined;
  /** Where: for a move its target. */
  readonly node: string | undefined;
  /** For a move: from where. */
  readonly source: string | undefined;
  readonly reason: string | undefined;
}

/** Of a whole `<cib>`, which is the plan; the status in it is the start. */
export async function simulate(
  pacemaker: Pacemaker,
  cib: XmlElement,
): Promise<({ readonly ok: true } & Simulation) | PacemakerFailure> {
  const argv = ['crm_simulate', '--run', '--show-scores', '--xml-pipe'];
  return callForResult(pacemaker, argv, simulationOf, { input: printXml(cib) });
}

/** Of the cluster as it is. */
export async function simulateLive(
  pacemaker: Pacemaker,
): Promise<({ readonly ok: true } & Simulation) | PacemakerFailure> {
  const argv = ['crm_simulate', '--run', '--show-scores', '--live-check'];
  return callForResult(pacemaker, argv, simulationOf);
}

function simulationOf(result: XmlElement): Simulation {
  requiredChild(result, 'cluster_status');
  const actions = elementAt(result, 'actions')?.children ?? [];
  const allocations = elementAt(result, 'allocations');
  const scores = new Map<string, Map<string, number>>();
  // A resource that follows another is weighed more than once; the last is what counts.
  for (const weight of allocations === undefined ? [] : childrenNamed(allocations, 'node_weight')) {
    const resource = requiredText(weight, 'id');
    const nodes = scores.get(resource) ?? new Map<string, number>();
    scores.set(resource, nodes.set(requiredText(weight, 'node'), scoreOf(requiredText(weight, 'score'))));
  }
  return { actions: actions.map(actionOf), scores };
}

function actionOf({ attributes }: XmlElement): SimulatedAction {
  return {
    action: (attributes['action'] ?? attributes['task'] ?? '').toLowerCase(),
    resource: attributes['resource'],
    node: attributes['dest'] ?? attributes['node'],
    source: attributes['source'],
    reason: attributes['reason'],
  };
}
