/** The state of vm-managerd, as JSON and for Prometheus. */
import type { Json } from '../../shared/protocol/message.ts';
import { durationWords } from '../../shared/status-text.ts';
import type { NamedValues } from '../pacemaker/attribute-sets.ts';
import { type RuleBook, wordFor } from './rules.ts';

export interface ManagerFacts {
  readonly agent: string;
  readonly node: string | undefined;
  readonly rulesFile: string;
  readonly rules: RuleBook;
  /** As they were last heard. */
  readonly values: NamedValues | undefined;
  /** How long ago that was. */
  readonly ageMs: number | undefined;
  /** Somebody wants to know: the cluster is asked again and again. */
  readonly isWatched: boolean;
  readonly fault: string | undefined;
  /** At vm-connectd. */
  readonly service: string;
  readonly open: { readonly watching: number; readonly waiting: number };
  readonly counts: ManagerCounts;
}

export interface ManagerCounts {
  readonly requests: number;
  readonly refused: number;
  readonly answers: number;
  readonly changesTold: number;
  readonly queries: number;
  readonly failures: number;
  readonly events: number;
}

export function statusOf({ rules, values, ...facts }: ManagerFacts): Json {
  return {
    agent: facts.agent,
    pid: process.pid,
    node: facts.node ?? null,
    cluster: clusterWords(facts),
    rules: facts.rulesFile,
    service: facts.service,
    values: valuesWords(facts),
    valuesAgeMs: facts.ageMs === undefined ? null : Math.round(facts.ageMs),
    attributes: Object.fromEntries(
      [...rules].map(([name, ofName]) => {
        const value = values?.get(name);
        return [name, { value: value ?? null, told: wordFor(ofName, value) }];
      }),
    ),
    ...facts.open,
    counters: { ...facts.counts },
  };
}

type Reading = Pick<ManagerFacts, 'ageMs' | 'isWatched' | 'fault'>;

function clusterWords({ ageMs, isWatched, fault }: Reading): string {
  if (fault !== undefined) return fault;
  if (ageMs === undefined) return 'not asked yet';
  return isWatched ? 'answers' : 'answered when it was last asked';
}

/** What is shown may be long past: nothing is read for nobody. */
function valuesWords({ ageMs, isWatched, fault }: Reading): string {
  if (ageMs === undefined) return 'none were read yet';
  const read = `read ${durationWords(ageMs)} ago`;
  if (fault !== undefined) return `${read}, and no answer since`;
  return isWatched ? read : `${read}; nobody asks, so they may be others now`;
}

export function metricsOf({ counts, open, service, fault, rules, values, ageMs }: ManagerFacts): string {
  const isSet = [...rules.keys()].map(
    (name) => `${PREFIX}attribute_set{attribute=${JSON.stringify(name)}} ${values?.has(name) ? 1 : 0}`,
  );
  return [
    ...single('requests_total', 'counter', counts.requests),
    ...single('requests_refused_total', 'counter', counts.refused),
    ...single('answers_total', 'counter', counts.answers),
    ...single('changes_told_total', 'counter', counts.changesTold),
    ...single('cluster_queries_total', 'counter', counts.queries),
    ...single('cluster_queries_failed_total', 'counter', counts.failures),
    ...single('cluster_events_total', 'counter', counts.events),
    ...single('watching', 'gauge', open.watching),
    ...single('waiting', 'gauge', open.waiting),
    ...single('registered', 'gauge', service === 'registered' ? 1 : 0),
    ...single('cluster_answers', 'gauge', fault === undefined && values !== undefined ? 1 : 0),
    ...(ageMs === undefined ? [] : single('values_age_seconds', 'gauge', ageMs / 1_000)),
    `# TYPE ${PREFIX}attribute_set gauge`,
    ...isSet,
    '',
  ].join('\n');
}

const PREFIX = 'pm_kvm_tools_manager_';

const single = (name: string, type: string, value: number): string[] => [
  `# TYPE ${PREFIX}${name} ${type}`,
  `${PREFIX}${name} ${value}`,
];
