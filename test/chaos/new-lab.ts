/** A run in a laboratory of its own, which is made for it and gone after it. */
import type { Laboratory } from '../lab/lab.ts';
import { labSpec } from '../lab/layout.ts';
import { ChaosWorld } from './chaos-world.ts';
import { type Played, type PlayOptions, play } from './play.ts';
import type { Schedule } from './schedule.ts';

export interface NewLabOptions extends PlayOptions {
  /** Called while the laboratory stands, when a law was broken. */
  readonly onViolations?: (played: Played) => Promise<void>;
}

export async function playInNewLab(
  lab: Laboratory,
  schedule: Schedule,
  { onViolations, ...options }: NewLabOptions,
): Promise<Played> {
  await lab.up(labSpec(2, 0));
  try {
    const world = await ChaosWorld.build(lab);
    try {
      const played = await play(world, schedule, options);
      if (played.violations.length > 0) await onViolations?.(played);
      return played;
    } finally {
      await world.end();
    }
  } finally {
    await lab.down();
  }
}
