/**
 * Which jobs were confirmed, told to all hosts: the value of this node's private attribute `vm-stonithd-done`. Pure.
 *
 *   <unix seconds>/<until>/confirmed/<state>/<requester>/<operation>/<resource>/<request id>, parted by spaces
 *
 * All of it is what makes a request the same: one of another target is another one, whatever its id.
 * Bounded in size and age, so that it stays small in pacemaker-attrd of every host. Those whose deadline is not over can be
 * asked again on another host, and a reset would be done twice: they go last, and of them the one that ends first.
 */
import type { FinishedJob } from '../decide/facts.ts';
import { CLOCKS_AGREE_MS } from '../decide/record.ts';
import type { JobName } from '../desk/back-end.ts';

export const DONE_ATTRIBUTE = 'vm-stonithd-done';
/** Of those whose deadline is over. */
const MOST_OVER = 16;
/** The answer to a query holds the values of all hosts and has to fit into one message, by default of 128 KiB. */
const MOST_BYTES = 16 * 1024;
export const KEPT_MS = 600_000;

export interface Tombstone extends FinishedJob, JobName {
  readonly resource: string;
  readonly atWallMs: number;
}

type Asked = Pick<Tombstone, 'requester' | 'operation' | 'resource' | 'id'>;

export function withTombstone(
  stones: readonly Tombstone[],
  stone: Tombstone,
  wallMs: number,
): readonly Tombstone[] {
  const isOver = ({ untilWallMs }: Tombstone) => untilWallMs + CLOCKS_AGREE_MS < wallMs;
  const others = stones
    .filter((one) => !isOf(one, stone) && wallMs - one.atWallMs < KEPT_MS)
    .toSorted((one, other) => one.untilWallMs - other.untilWallMs);
  const open = others.filter((one) => !isOver(one));
  const kept = [...others.filter(isOver).slice(-MOST_OVER), ...open, stone];
  while (kept.length > 1 && formatTombstones(kept).length > MOST_BYTES) kept.shift();
  return kept;
}

export function formatTombstones(stones: readonly Tombstone[]): string {
  return stones
    .map(({ requester, operation, resource, id, state, untilWallMs, atWallMs }) => {
      const asked = [encodeURIComponent(requester), operation, encodeURIComponent(resource), id];
      const times = [Math.floor(atWallMs / 1000), Math.ceil(untilWallMs / 1000)];
      return [...times, 'confirmed', state, ...asked].join('/');
    })
    .join(' ');
}

const SECONDS = /^\d{1,12}$/;

/** What is no tombstone of ours is passed over. */
export function parseTombstones(text: string): readonly Tombstone[] {
  return text.split(' ').flatMap((word) => {
    const [seconds = '', until = '', result, state, requester = '', operation, resource = '', id] =
      word.split('/');
    if (!SECONDS.test(seconds) || !SECONDS.test(until) || id === undefined || id === '') return [];
    if (result !== 'confirmed' || (state !== 'on' && state !== 'off')) return [];
    if (operation !== 'off' && operation !== 'on' && operation !== 'reset') return [];
    try {
      const names = { requester: decodeURIComponent(requester), resource: decodeURIComponent(resource) };
      const times = { atWallMs: Number(seconds) * 1000, untilWallMs: Number(until) * 1000 };
      return [{ ...names, operation, id, state, ...times }];
    } catch {
      return [];
    }
  });
}

/** The end of one request, from the values of all hosts. */
export function finishedIn(values: readonly string[], asked: Asked, wallMs: number): FinishedJob | undefined {
  const stone = values
    .flatMap(parseTombstones)
    .find((one) => isOf(one, asked) && wallMs - one.atWallMs < KEPT_MS);
  return stone === undefined ? undefined : { state: stone.state, untilWallMs: stone.untilWallMs };
}

const isOf = (one: Asked, asked: Asked): boolean =>
  one.id === asked.id &&
  one.requester === asked.requester &&
  one.operation === asked.operation &&
  one.resource === asked.resource;
