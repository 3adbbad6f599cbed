/**
 * The audit logs of all hosts, read from outside as they grow: a host that is lost takes its log along, so what a law
 * needs of it has to have been read before.
 */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isMembers, numberOf, textOf } from '../../shared/protocol/json-members.ts';
import type { Json } from '../../shared/protocol/message.ts';

export interface Audited {
  readonly host: string;
  readonly requester: string;
  /** A resource of the cluster. */
  readonly target: string;
  readonly operation: string;
  readonly result: string;
  readonly reason: string;
  readonly id: string;
  readonly durationMs: number;
  /** By the host's own clock. */
  readonly timeMs: number;
  readonly readMs: number;
}

interface Place {
  readonly root: string;
  /** In bytes; what follows may be half a line. */
  offset: number;
}

const LOG = 'var/log/pm-kvm-tools/audit.log';

export class AuditWatch {
  readonly all: Audited[] = [];
  /** What is no record. */
  readonly torn: { readonly host: string; readonly line: string; readonly readMs: number }[] = [];
  readonly #rootOf: (host: string) => string | undefined;
  readonly #places = new Map<string, Place>();

  constructor(rootOf: (host: string) => string | undefined) {
    this.#rootOf = rootOf;
  }

  /** What has been written since the last time. */
  read(hosts: readonly string[], nowMs: number): readonly Audited[] {
    const found = hosts.flatMap((host) => this.#readOf(host, nowMs));
    this.all.push(...found);
    return found;
  }

  #readOf(host: string, nowMs: number): readonly Audited[] {
    const place = this.#placeOf(host);
    if (place === undefined) return [];
    const path = join(place.root, LOG);
    try {
      if (statSync(path).size === place.offset) return [];
      const bytes = readFileSync(path).subarray(place.offset);
      const whole = bytes.subarray(0, bytes.lastIndexOf(0x0a) + 1);
      place.offset += whole.length;
      return whole
        .toString('utf8')
        .split('\n')
        .flatMap((line) => this.#recordIn(line, host, nowMs));
    } catch {
      this.#places.delete(host); // the host is gone, or has no log yet
      return [];
    }
  }

  #recordIn(line: string, host: string, readMs: number): readonly Audited[] {
    const record = auditedIn(line, host, readMs);
    if (record === undefined && line !== '') this.torn.push({ host, line, readMs });
    return record === undefined ? [] : [record];
  }

  #placeOf(host: string): Place | undefined {
    const known = this.#places.get(host);
    if (known !== undefined) return known;
    const root = this.#rootOf(host);
    if (root === undefined) return undefined;
    const place = { root, offset: 0 };
    this.#places.set(host, place);
    return place;
  }
}

/** A line of the log; undefined for what is none, such as the first part of one that a full disk has cut off. */
export function auditedIn(line: string, host: string, readMs: number): Audited | undefined {
  let value: Json;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (!isMembers(value)) return undefined;
  const text = (name: string) => textOf(isMembers(value) ? value[name] : undefined);
  const timeMs = Date.parse(text('time'));
  if (text('id') === '' || text('result') === '' || Number.isNaN(timeMs)) return undefined;
  return {
    host,
    requester: text('requester'),
    target: text('target'),
    operation: text('operation'),
    result: text('result'),
    reason: text('reason'),
    id: text('id'),
    durationMs: numberOf(value['durationMs']),
    timeMs,
    readMs,
  };
}
