/** All benchmarks, in the order in which the document tells of them. */
import type { Benchmark } from './benchmark.ts';
import { failover } from './failover.ts';
import { fence } from './fence.ts';
import { roundTrip } from './round-trip.ts';
import { scale } from './scale.ts';
import { start } from './start.ts';
import { vmCtlBenchmark } from './vm-ctl.ts';

export const BENCHMARKS: readonly Benchmark[] = [fence, failover, roundTrip, scale, vmCtlBenchmark, start];

export const NAMES: readonly string[] = BENCHMARKS.map(({ name }) => name);
