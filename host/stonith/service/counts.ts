/** What vm-stonithd counts, as JSON and for Prometheus. */
import type { Json } from '../../../shared/protocol/message.ts';

interface Sum {
  count: number;
  ms: number;
}

export interface Gauges {
  readonly jobs: number;
  readonly auditLost: number;
  readonly isRegistered: boolean;
}

export class Counts {
  /** By operation, and then by result. */
  readonly #requests = new Map<string, Map<string, number>>();
  readonly #refusals = new Map<string, number>();
  readonly #durations = new Map<string, Sum>();
  readonly #steps = new Map<string, Sum>();

  request(operation: string, result: string, elapsedMs: number): void {
    const results = this.#requests.get(operation) ?? new Map<string, number>();
    this.#requests.set(operation, results.set(result, (results.get(result) ?? 0) + 1));
    addTo(this.#durations, labelsOf(operation, result), elapsedMs);
  }

  refusal(reason: string): void {
    this.#refusals.set(reason, (this.#refusals.get(reason) ?? 0) + 1);
  }

  step(step: string, elapsedMs: number): void {
    addTo(this.#steps, step, elapsedMs);
  }

  json(): Json {
    const sums = (map: ReadonlyMap<string, Sum>): Json =>
      Object.fromEntries([...map].map(([key, { count, ms }]) => [key, { count, ms: Math.round(ms) }]));
    return {
      requests: Object.fromEntries(
        [...this.#requests].map(([operation, results]) => [operation, Object.fromEntries(results)]),
      ),
      refusals: Object.fromEntries(this.#refusals),
      steps: sums(this.#steps),
    };
  }

  prometheus(gauges: Gauges): string {
    const requests = [...this.#requests].flatMap(([operation, results]) =>
      [...results].map(([result, count]) => [labelsOf(operation, result), count] as const),
    );
    return [
      ...family('requests_total', 'counter', new Map(requests), (key) => key),
      ...family('refusals_total', 'counter', this.#refusals, (key) => `reason="${key}"`),
      ...summary('request_seconds', this.#durations, (key) => key),
      ...summary('step_seconds', this.#steps, (key) => `step="${key}"`),
      ...single('jobs', 'gauge', gauges.jobs),
      ...single('audit_records_lost_total', 'counter', gauges.auditLost),
      ...single('registered', 'gauge', gauges.isRegistered ? 1 : 0),
      '',
    ].join('\n');
  }
}

const labelsOf = (operation: string, result: string) => `operation="${operation}",result="${result}"`;

const PREFIX = 'pm_kvm_tools_stonith_';

function addTo(sums: Map<string, Sum>, key: string, ms: number): void {
  const sum = sums.get(key) ?? { count: 0, ms: 0 };
  sum.count++;
  sum.ms += ms;
  sums.set(key, sum);
}

function family(
  name: string,
  type: string,
  values: ReadonlyMap<string, number>,
  labels: (key: string) => string,
): string[] {
  const lines = [...values].map(([key, value]) => `${PREFIX}${name}{${labels(key)}} ${value}`);
  return [`# TYPE ${PREFIX}${name} ${type}`, ...lines];
}

function summary(name: string, sums: ReadonlyMap<string, Sum>, labels: (key: string) => string): string[] {
  const lines = [...sums].flatMap(([key, { count, ms }]) => [
    `${PREFIX}${name}_sum{${labels(key)}} ${ms / 1000}`,
    `${PREFIX}${name}_count{${labels(key)}} ${count}`,
  ]);
  return [`# TYPE ${PREFIX}${name} summary`, ...lines];
}

const single = (name: string, type: string, value: number): string[] => [
  `# TYPE ${PREFIX}${name} ${type}`,
  `${PREFIX}${name} ${value}`,
];
