/**
 * Which jobs were confirmed, told to all hosts: the value of this node's private attribute `vm-stonithd-done`. Pure.
 *
 *   <unix seconds>/<until>/confirmed/<state>/<requester>/<operation>/<resource>/<request id>, parted by spaces
 *
 * All of it is what makes a request the same: one of another target is another one, whatever its id.
 * Bounded in number and age, so that it stays small in pacemaker-attrd of every host.
 */
import type { FinishedJob } from '../decide/facts.ts';
import type { JobName } from '../desk/back-end.ts';

export const DONE_ATTRIBUTE = 'vm-stonithd-done';
const MOST = 16;
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
  const others = stones.filter((one) => !isOf(one, stone) && wallMs - one.atWallMs < KEPT_MS);
  return [...others, stone].slice(-MOST);
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
