/**
 * What a benchmark has found, as it is kept: one file of JSON for each benchmark. It names what was measured on, but
 * neither the machine nor any place on it.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type BenchmarkResult,
  KINDS,
  type Limit,
  type Plot,
  type Row,
  SCALES,
  UNITS,
  type Unit,
} from './benchmark.ts';
import type { Machine } from './machine.ts';
import type { Stats } from './statistics.ts';

export interface BenchmarkRecord extends BenchmarkResult {
  readonly name: string;
  readonly about: string;
  readonly isQuick: boolean;
  readonly machine: Machine;
}

export function writeRecord(directory: string, record: BenchmarkRecord): void {
  writeFileSync(join(directory, `${record.name}.json`), `${JSON.stringify(record, undefined, 2)}\n`);
}

export function readRecords(directory: string): BenchmarkRecord[] {
  return readdirSync(directory)
    .filter((file) => file.endsWith('.json'))
    .sort()
    .map((file) => parseRecord(file, JSON.parse(readFileSync(join(directory, file), 'utf8'))));
}

/** Throws an error that names the file and the member when it is no record. */
export function parseRecord(file: string, value: unknown): BenchmarkRecord {
  const at = new Reader(file, '', value);
  const machine = at.member('machine');
  return {
    name: at.text('name'),
    about: at.text('about'),
    isQuick: at.flag('isQuick'),
    machine: {
      cpu: machine.text('cpu'),
      cpus: machine.number('cpus'),
      memoryMiB: machine.number('memoryMiB'),
      kernel: machine.text('kernel'),
      node: machine.text('node'),
      load: machine.text('load'),
      date: machine.text('date'),
      revision: machine.text('revision'),
    },
    versions: at.member('versions').texts(),
    rows: at.list('rows').map(readRow),
    limits: at.list('limits').map(readLimit),
    plot: readPlot(at.member('plot')),
  };
}

function readRow(at: Reader): Row {
  return {
    name: at.text('name'),
    kind: at.oneOf('kind', KINDS),
    unit: at.oneOf<Unit>('unit', UNITS),
    stats: readStats(at.member('stats')),
    ...(at.has('peer') ? { peer: at.text('peer') } : {}),
  };
}

const readStats = (at: Reader): Stats => ({
  count: at.number('count'),
  least: at.number('least'),
  lowerQuartile: at.number('lowerQuartile'),
  median: at.number('median'),
  upperQuartile: at.number('upperQuartile'),
  p99: at.number('p99'),
  most: at.number('most'),
});

function readLimit(at: Reader): Limit {
  const judged = {
    row: at.text('row'),
    ...(at.has('figure') ? { figure: at.oneOf('figure', ['p99'] as const) } : {}),
  };
  if (at.has('times')) return { ...judged, of: at.text('of'), times: at.number('times') };
  return { ...judged, ...(at.has('of') ? { of: at.text('of') } : {}), plus: at.number('plus') };
}

const readPlot = (at: Reader): Plot => ({
  unit: at.oneOf<Unit>('unit', UNITS),
  scale: at.oneOf('scale', SCALES),
  ...(at.has('rows') ? { rows: at.list('rows').map((one) => one.asText()) } : {}),
});

/** A value of a file, and where in the file it is. */
class Reader {
  readonly #file: string;
  readonly #place: string;
  readonly #value: unknown;

  constructor(file: string, place: string, value: unknown) {
    this.#file = file;
    this.#place = place;
    this.#value = value;
  }

  member(name: string): Reader {
    if (typeof this.#value !== 'object' || this.#value === null) throw this.#wrong('an object');
    const found: unknown = Object.entries(this.#value).find(([key]) => key === name)?.[1];
    return new Reader(this.#file, `${this.#place}.${name}`, found);
  }

  has(name: string): boolean {
    return this.member(name).#value !== undefined;
  }

  list(name: string): Reader[] {
    const member = this.member(name);
    if (!Array.isArray(member.#value)) throw member.#wrong('a list');
    return member.#value.map((one: unknown, at) => new Reader(this.#file, `${member.#place}[${at}]`, one));
  }

  texts(): Record<string, string> {
    if (typeof this.#value !== 'object' || this.#value === null) throw this.#wrong('an object');
    return Object.fromEntries(Object.keys(this.#value).map((name) => [name, this.text(name)]));
  }

  text(name: string): string {
    return this.member(name).asText();
  }

  asText(): string {
    if (typeof this.#value !== 'string') throw this.#wrong('text');
    return this.#value;
  }

  number(name: string): number {
    const member = this.member(name);
    if (typeof member.#value !== 'number') throw member.#wrong('a number');
    return member.#value;
  }

  flag(name: string): boolean {
    const member = this.member(name);
    if (typeof member.#value !== 'boolean') throw member.#wrong('true or false');
    return member.#value;
  }

  oneOf<T extends string>(name: string, choices: readonly T[]): T {
    const member = this.member(name);
    const found = choices.find((choice) => choice === member.#value);
    if (found === undefined) throw member.#wrong(choices.join(' or '));
    return found;
  }

  #wrong(expected: string): Error {
    return new Error(`${this.#file}: ${this.#place.slice(1) || 'it'} is not ${expected}; record it anew`);
  }
}
