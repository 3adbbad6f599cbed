/**
 * `npm run demo [-- --keep] [--record FILE]`: a two-level cluster from nothing, the story of a guest that is fenced by
 * its peer, and nothing left behind but what --keep wants kept.
 */
import { writeFileSync } from 'node:fs';
import { messageOf, PmError } from '../../shared/errors.ts';
import { type Laboratory, laboratory } from '../lab/lab.ts';
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
  const { record } = options;
  if (record !== undefined) assertWritable(record);
  const say = (line: string) => console.log(`setup: ${line}`);
  const lab = laboratory(NAME, (line) => (line.startsWith('image') ? say(line) : undefined));
  if (lab.isUp()) {
    console.error(`demo: its laboratory stands already; take it down first: ${WITH} down`);
    return 1;
  }
  await ensurePackages(say);
  const timeline = new Timeline();
  let isKept = false;
  try {
    await tellOrShowLogs(lab, timeline);
    console.log(`\nThe whole story took ${seconds(timeline.nowMs)}.`);
    if (record !== undefined) writeFileSync(record, picture(timeline.entries));
    isKept = options.keep;
  } finally {
    if (!isKept) await lab.down();
  }
  console.log(options.keep ? KEPT : NEXT);
  return 0;
}

/** Told before anything is started, and not when the story is over; what the file holds stays until then. */
function assertWritable(file: string): void {
  try {
    writeFileSync(file, '', { flag: 'a' });
  } catch (thrown) {
    throw new PmError({
      code: 'usage',
      what: `cannot record to ${file}`,
      fault: messageOf(thrown),
      remedy: 'name a file that can be written with --record; nothing has been started',
      cause: thrown,
    });
  }
}

async function tellOrShowLogs(lab: Laboratory, timeline: Timeline): Promise<void> {
  try {
    await tell(lab, timeline);
  } catch (thrown) {
    if (lab.isUp()) console.error(lab.printableLogs());
    throw thrown;
  }
}
