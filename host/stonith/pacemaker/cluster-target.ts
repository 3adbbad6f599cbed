/**
 * A resource of the host cluster, as one fencing job sees and changes it.
 *
 * Invariant: the role and the record are written by one update that Pacemaker refuses when the set they stand in is no
 * longer what was read. What is taken back is taken back only where the record names this job.
 */
import { queryCib, queryCibXPath } from '../../pacemaker/cib-query.ts';
import { primitiveById } from '../../pacemaker/cib-resources.ts';
import { queryStatus } from '../../pacemaker/cluster-status.ts';
import { queryDcState } from '../../pacemaker/dc-state.ts';
import { deleteNodeAttribute, queryNodeAttribute } from '../../pacemaker/node-attributes.ts';
import type { Pacemaker, PacemakerFailure } from '../../pacemaker/pacemaker-call.ts';
import { setQuietAttribute } from '../../pacemaker/quiet-attributes.ts';
import { replaceMatching } from '../../pacemaker/replace-matching.ts';
import {
  isUnended,
  migrationsIn,
  type NodeHistory,
  notEndedXPath,
  unchangedXPath,
} from '../../pacemaker/resource-history.ts';
import type { XmlElement } from '../../xml/xml-element.ts';
import type { Facts, FinishedJob, Role } from '../decide/facts.ts';
import {
  type FenceRecord,
  formatRecord,
  markAttribute,
  parseMark,
  RECORD_ATTRIBUTE,
} from '../decide/record.ts';
import type { Done, FenceTarget, JobName, Looked, LookNeeds } from '../desk/back-end.ts';
import { arrivalAttribute } from './arrivals.ts';
import { factsOf } from './cluster-facts.ts';
import { DONE_ATTRIBUTE, finishedIn } from './finished-jobs.ts';
import {
  changedSet,
  exactSet,
  isOwnAndEmpty,
  type MetaChanges,
  newSet,
  primitiveAtVersion,
  setWithRecord,
  TARGET_ROLE,
  withSet,
  writableSet,
} from './meta-set.ts';
import { requesterLives } from './requester.ts';
import { type Definitions, readHistory, readTarget, savesMemory, virtualMachine } from './target-in-cib.ts';

export interface ClusterAccess {
  readonly pacemaker: Omit<Pacemaker, 'deadlineMs'>;
  readonly wallMs: () => number;
  /** Shared by all targets. */
  readonly definitions: Definitions;
}

const MOST_CONFLICTS = 5;

export class ClusterTarget implements FenceTarget {
  readonly #resource: string;
  readonly #job: JobName;
  readonly #access: ClusterAccess;
  /** As the last look at the configuration saw it. */
  #primitive: XmlElement | undefined;
  #shared: ReadonlySet<string> = new Set();
  /** Where it ran at the last look, with what the nodes told of it. */
  #running: ReadonlyMap<string, NodeHistory> = new Map();
  /** As a predicate, that a node which did not tell of its end at the last look does not until now. */
  #hasNotEnded: string | undefined;
  /** As the first look saw them. */
  #migrations: ReadonlyMap<string, number> | undefined;

  constructor(resource: string, job: JobName, access: ClusterAccess) {
    this.#resource = resource;
    this.#job = job;
    this.#access = access;
  }

  async look({ configuration, settled }: LookNeeds, deadlineMs: number): Promise<Looked> {
    const pacemaker = this.#within(deadlineMs);
    // The coordinator first: what it decides after it was idle is decided with our order in view.
    const dc = settled ? await queryDcState(pacemaker) : undefined;
    if (dc?.ok === false) return unreadable(dc);
    const [status, cib, sentTo, finished] = await Promise.all([
      queryStatus(pacemaker, { resource: this.#resource, isBrief: true }),
      configuration
        ? readTarget(pacemaker, this.#resource, this.#job.requester, this.#access.definitions)
        : readHistory(pacemaker, this.#resource),
      queryNodeAttribute(pacemaker, arrivalAttribute(this.#resource)),
      configuration ? this.#finished(pacemaker) : undefined,
    ]);
    if (!status.ok) return unreadable(status);
    if (!cib.ok) return unreadable(cib);
    if (!sentTo.ok) return unreadable(sentTo);
    if (finished?.ok === false) return unreadable(finished);
    const migrations = migrationsIn(cib.nodes);
    this.#migrations ??= migrations;
    const before = this.#migrations;
    if (cib.configured !== undefined) {
      this.#primitive = cib.configured.primitive;
      this.#shared = cib.configured.shared;
    }
    const facts = factsOf({
      resource: this.#resource,
      status: status.status,
      history: cib.nodes,
      hasMigrated: [...migrations].some(([node, call]) => before.get(node) !== call),
      wasIdle: dc?.dcState.isIdle,
      waitsIdly: cib.waitsIdly,
      sentTo: new Set(sentTo.values.keys()),
      savesMemory: this.#primitive !== undefined && savesMemory(this.#primitive),
      configured: cib.configured?.target,
      requesterIsDoomed: cib.configured?.requesterIsDoomed,
      finished: finished?.job,
    });
    this.#running = runningIn(facts, cib.nodes);
    const unended = [...cib.nodes].find(([, history]) => isUnended(history));
    this.#hasNotEnded = unended && `[${notEndedXPath(this.#resource, ...unended)}]`;
    return { ok: true, facts };
  }

  async mark(nodes: readonly string[], mark: string, deadlineMs: number): Promise<Done> {
    const pacemaker = this.#within(deadlineMs);
    const name = markAttribute(this.#resource);
    const set = await Promise.all(nodes.map((node) => setQuietAttribute(pacemaker, { name, node }, mark)));
    return doneOf(set.find((one) => !one.ok) ?? { ok: true });
  }

  async order(role: Role, record: FenceRecord, deadlineMs: number): Promise<Done> {
    if (this.#primitive === undefined)
      return { ok: false, fault: 'the configuration was not read', isCertain: true };
    const changes = { [TARGET_ROLE]: role, [RECORD_ATTRIBUTE]: formatRecord(record) };
    const untilMs = performance.now() + deadlineMs;
    const pacemaker = this.#within(deadlineMs);
    const set = writableSet(this.#primitive, this.#shared);
    const condition = role === 'Stopped' ? requesterLives(this.#job.requester, this.#resource) : '';
    if (set === undefined) return this.#orderInNewSet(pacemaker, changes, condition);
    const xpath = `${exactSet(this.#resource, set)}${condition}`;
    const changed = changedSet(set, changes);
    if (role === 'Stopped' && this.#running.size > 0) {
      const ordered = await replaceMatching(pacemaker, `${xpath}${this.#stillRuns}`, changed);
      if (ordered.ok) return { ok: true, ranOn: [...this.#running.keys()] };
      if (ordered.kind !== 'no-such-object') return doneOf(ordered);
    }
    return doneOf(await replaceMatching(this.#within(untilMs - performance.now()), xpath, changed));
  }

  /**
   * Holds, as a predicate, while it runs where it was seen: judged with the order in one update, so that its end is known
   * to have come after the order, without any look that could be too late.
   */
  get #stillRuns(): string {
    const nodes = [...this.#running];
    return nodes.map(([node, history]) => `[${unchangedXPath(this.#resource, node, history)}]`).join('');
  }

  async start(deadlineMs: number): Promise<Done> {
    return this.#changeOwn(deadlineMs, { [TARGET_ROLE]: 'Started', [RECORD_ATTRIBUTE]: undefined });
  }

  async clear(deadlineMs: number): Promise<Done> {
    return this.#tidy(deadlineMs, { [RECORD_ATTRIBUTE]: undefined });
  }

  /**
   * While one node does not tell of its end nobody has proof of it, and after this update nobody gets any: the role is no
   * longer Stopped.
   */
  async rollBack(
    { role, unlessEnded }: { readonly role: string | undefined; readonly unlessEnded: boolean },
    deadlineMs: number,
  ): Promise<Done> {
    const changes = { [TARGET_ROLE]: role, [RECORD_ATTRIBUTE]: undefined };
    if (!unlessEnded) return this.#tidy(deadlineMs, changes);
    return this.#hasNotEnded === undefined
      ? MAY_HAVE_ENDED
      : this.#tidy(deadlineMs, changes, this.#hasNotEnded);
  }

  /** The record goes last: while it stands nobody else sets a mark, which would be removed for ours. */
  async #tidy(deadlineMs: number, changes: MetaChanges, condition = ''): Promise<Done> {
    const untilMs = performance.now() + deadlineMs;
    const unmarked = await this.#removeMarks(deadlineMs / 2);
    const changed = await this.#changeOwn(untilMs - performance.now(), changes, condition);
    return changed.ok ? unmarked : changed;
  }

  /** Changes the set that holds our record; fine when there is none any more. */
  async #changeOwn(deadlineMs: number, changes: MetaChanges, condition = ''): Promise<Done> {
    const untilMs = performance.now() + deadlineMs;
    for (let attempt = 0; attempt < MOST_CONFLICTS; attempt++) {
      const pacemaker = this.#within(untilMs - performance.now());
      const primitive = await this.#queryPrimitive(pacemaker);
      if (!primitive.ok) return doneOf(primitive);
      if (primitive.element === undefined) return { ok: true };
      const set = setWithRecord(primitive.element, this.#job.id);
      if (set === undefined) return { ok: true };
      const changed = isOwnAndEmpty(this.#resource, changedSet(set, changes))
        ? await this.#replaceAtVersion(
            pacemaker,
            (element) => {
              const present = setWithRecord(element, this.#job.id);
              return present === undefined
                ? undefined
                : withSet(element, present.attributes['id'] ?? '', undefined);
            },
            condition,
          )
        : doneOf(await this.#replaceSet(pacemaker, set, changes, condition));
      if (changed.ok || changed.isConflict !== true) return changed;
    }
    return condition === ''
      ? { ok: false, fault: 'others keep changing the resource', isCertain: true }
      : MAY_HAVE_ENDED;
  }

  #replaceSet(pacemaker: Pacemaker, set: XmlElement, changes: MetaChanges, condition: string) {
    const xpath = `${exactSet(this.#resource, set)}${condition}`;
    return replaceMatching(pacemaker, xpath, changedSet(set, changes));
  }

  #orderInNewSet(pacemaker: Pacemaker, changes: MetaChanges, condition: string): Promise<Done> {
    const set = changedSet(newSet(this.#resource), changes);
    const change = (element: XmlElement) =>
      writableSet(element, this.#shared) === undefined
        ? withSet(element, set.attributes['id'] ?? '', set)
        : undefined;
    return this.#replaceAtVersion(pacemaker, change, condition);
  }

  /** The slow way, for what no XPath of one set can say: the whole resource, at one version of the configuration. */
  async #replaceAtVersion(
    pacemaker: Pacemaker,
    change: (primitive: XmlElement) => XmlElement | undefined,
    condition = '',
  ): Promise<Done> {
    const read = await queryCib(pacemaker);
    if (!read.ok) return doneOf(read);
    const present = primitiveById(read.cib.root, this.#resource)?.element;
    const changed = present === undefined ? undefined : change(present);
    if (changed === undefined) return CONFLICT;
    const xpath = `${primitiveAtVersion(this.#resource, read.cib.version)}${condition}`;
    return doneOf(await replaceMatching(pacemaker, xpath, changed));
  }

  async #removeMarks(deadlineMs: number): Promise<Done> {
    const untilMs = performance.now() + deadlineMs;
    const name = markAttribute(this.#resource);
    const present = await queryNodeAttribute(this.#within(deadlineMs), name);
    if (!present.ok) return doneOf(present);
    const ours = [...present.values].filter(([, value]) => parseMark(value)?.id === this.#job.id);
    const pacemaker = this.#within(untilMs - performance.now());
    const removed = await Promise.all(ours.map(([node]) => deleteNodeAttribute(pacemaker, { name, node })));
    return doneOf(removed.find((one) => !one.ok) ?? { ok: true });
  }

  /** Undefined: no virtual machine of that name that can be fenced by itself. */
  async #queryPrimitive(
    pacemaker: Pacemaker,
  ): Promise<{ readonly ok: true; readonly element: XmlElement | undefined } | PacemakerFailure> {
    const answer = await queryCibXPath(pacemaker, virtualMachine(this.#resource));
    return answer.ok ? { ok: true, element: answer.elements[0] } : answer;
  }

  async #finished(
    pacemaker: Pacemaker,
  ): Promise<{ readonly ok: true; readonly job: FinishedJob | undefined } | PacemakerFailure> {
    const answer = await queryNodeAttribute(pacemaker, DONE_ATTRIBUTE);
    if (!answer.ok) return answer;
    const asked = { ...this.#job, resource: this.#resource };
    return { ok: true, job: finishedIn([...answer.values.values()], asked, this.#access.wallMs()) };
  }

  #within(deadlineMs: number): Pacemaker {
    return { ...this.#access.pacemaker, deadlineMs: Math.max(1, deadlineMs) };
  }
}

/** Where it runs beyond doubt: the status and the nodes say the same, and no operation is under way. */
function runningIn(
  { target }: Facts,
  nodes: ReadonlyMap<string, NodeHistory>,
): ReadonlyMap<string, NodeHistory> {
  const running = new Map([...nodes].filter(([, { state }]) => state === 'active'));
  const activeOn = target?.pending === undefined ? (target?.activeOn ?? []) : [];
  const isAgreed = activeOn.length === running.size && activeOn.every((node) => running.has(node));
  return isAgreed ? running : new Map();
}

const MAY_HAVE_ENDED: Done = {
  ok: false,
  fault: 'it may have ended already, and another host may have confirmed that',
  isCertain: true,
};

const CONFLICT: Done = {
  ok: false,
  fault: 'somebody else changed it in between',
  isCertain: true,
  isConflict: true,
};

const unreadable = ({ fault }: PacemakerFailure): Looked => ({
  ok: false,
  fault: `the host cluster can't be read: ${fault}`,
});

/** Pacemaker said no by itself: nothing was changed. Anything else may have been done all the same. */
const CERTAIN: readonly PacemakerFailure['kind'][] = ['invalid', 'forbidden', 'no-quorum', 'exists'];

export function doneOf(answer: { readonly ok: true } | PacemakerFailure): Done {
  if (answer.ok) return { ok: true };
  if (answer.kind === 'no-such-object') return CONFLICT;
  return { ok: false, fault: answer.fault, isCertain: CERTAIN.includes(answer.kind) };
}
