/**
 * How jobs ended, told to all hosts: the value of this node's private attribute `vm-stonithd-done`. Pure.
 *
 *   <unix seconds>/<result>/<state>/<requester>/<request id>, parted by spaces
 *
 * Bounded in number and age, so that it stays small in pacemaker-attrd of every host.
 */
import type { FinishedJob } from '../decide/facts.ts';

export const DONE_ATTRIBUTE = 'vm-stonithd-done';
const MOST = 16;
export const KEPT_MS = 600_000;

export interface Tombstone extends FinishedJob {
  readonly requester: string;
  readonly id: string;
  readonly atWallMs: number;
}

export function withTombstone(
  stones: readonly Tombstone[],
  stone: Tombstone,
  wallMs: number,
): readonly Tombstone[] {
  const others = stones.filter(
    ({ id, requester, atWallMs }) =>
      !(id === stone.id && requester === stone.requester) && wallMs - atWallMs < KEPT_MS,
  );
  return [...others, stone].slice(-MOST);
}

export function formatTombstones(stones: readonly Tombstone[]): string {
  return stones
    .map(({ requester, id, result, state, atWallMs }) =>
      [Math.floor(atWallMs / 1000), result, state, encodeURIComponent(requester), id].join('/'),
    )
    .join(' ');
}

/** What is no tombstone of ours is passed over. */
export function parseTombstones(text: string): readonly Tombstone[] {
  return text.split(' ').flatMap((word) => {
    const [seconds = '', result, state, requester = '', id] = word.split('/');
    if (!/^\d{1,12}$/.test(seconds) || id === undefined || id === '') return [];
    if (result !== 'confirmed' && result !== 'failed' && result !== 'unknown') return [];
    if (state !== 'on' && state !== 'off' && state !== 'unknown') return [];
    try {
      return [
        { requester: decodeURIComponent(requester), id, result, state, atWallMs: Number(seconds) * 1000 },
      ];
    } catch {
      return [];
    }
  });
}

/** The end of one request, from the values of all hosts. */
export function finishedIn(
  values: readonly string[],
  { requester, id, wallMs }: { readonly requester: string; readonly id: string; readonly wallMs: number },
): FinishedJob | undefined {
  const stone = values
    .flatMap(parseTombstones)
    .find((one) => one.id === id && one.requester === requester && wallMs - one.atWallMs < KEPT_MS);
  return stone === undefined ? undefined : { result: stone.result, state: stone.state };
}
