/**
 * `npm run demo [-- --keep] [--record FILE]`: a two-level cluster from nothing, the story of a guest that is fenced by
 * its peer, and nothing left behind but what --keep wants kept.
 */
import { writeFileSync } from 'node:fs';
import { messageOf } from '../../shared/errors.ts';
import { laboratory } from '../lab/lab.ts';
import { ensurePackages } from '../lab/packages.ts';
import { scriptWords } from '../support/script-words.ts';
import { picture } from './picture.ts';
import { tell } from './story.ts';
import { seconds, Timeline } from './timeline.ts';

const NAME = 'demo';
const USAGE = `usage: npm run demo [-- OPTIONS]

  --keep           leave the laboratory up, and say how to look around in it
  --record FILE    write the timeline as an SVG picture, too`;
const WITH = `LAB_NAME=${NAME} npm run lab --`;
const KEPT = `The laboratory stays up. Look around:

  ${WITH} status
  ${WITH} on hosta vm-ctl status
  ${WITH} on hosta crm_mon -1
  ${WITH} in guest1 crm_mon -1
  ${WITH} in guest1 fence_vm -o on -n guest2        # start it again, from inside its peer
  ${WITH} logs
  ${WITH} down                                      # nothing is left behind`;
const NEXT = `Nothing is left of it but the packages it found missing, and the image of its guests. Next:

  npm run demo -- --keep       the same, and the laboratory stays up to be looked around in
  README.md                    how to install it on hosts and guests of your own
  docs/fencing.md              what "confirmed" means, and what it takes`;

try {
  process.exitCode = await main();
} catch (thrown) {
  console.error(`demo: ${messageOf(thrown)}`);
  process.exitCode = 1;
}

async function main(): Promise<number> {
  const { values: options } = scriptWords(USAGE, {
    options: { keep: { type: 'boolean', default: false }, record: { type: 'string' } },
  });
  const say = (line: string) => console.log(`setup: ${line}`);
  const lab = laboratory(NAME, (line) => (line.startsWith('image') ? say(line) : undefined));
  if (lab.isUp()) {
    console.error(`demo: its laboratory stands already; take it down first: ${WITH} down`);
    return 1;
  }
  await ensurePackages(say);
  const timeline = new Timeline();
  try {
    await tell(lab, timeline);
  } catch (thrown) {
    if (lab.isUp()) console.error(lab.printableLogs());
    await lab.down();
    throw thrown;
  }
  console.log(`\nThe whole story took ${seconds(timeline.nowMs)}.`);
  if (options.record !== undefined) writeFileSync(options.record, picture(timeline.entries));
  if (!options.keep) await lab.down();
  console.log(options.keep ? KEPT : NEXT);
  return 0;
}
