/**
 * Tells that something in the cluster has changed, within 10 ms, by one `crm_mon` that stays connected to the CIB
 * and costs no CPU while nothing happens.
 *
 * crm_mon prints a dot at every change of configuration or status (operations that begin and end, node attributes,
 * nodes, fencing), from any node; its output is unbuffered by stdbuf, or the dots would wait for the next refresh of
 * the display. What it prints is never looked into: output is the event. It reconnects by itself when Pacemaker is
 * restarted.
 *
 * Invariant: an event is a hint to look again, never the only knowledge of a change.
 */
import { describeEnding, spawnGroup } from '../../shared/process/spawn.ts';

export interface ClusterEventOptions {
  /** Also at the beginning, when it is connected, and when Pacemaker is back. */
  readonly onChange: () => void;
  /** Pacemaker has gone, or is not there yet. */
  readonly onAway: () => void;
}

export interface ClusterEventStream {
  /** Resolves when the stream has ended, with the reason. */
  readonly ended: Promise<{ readonly fault: string }>;
  stop(): void;
}

/** `--interval` is the pause between attempts to reconnect, and the least between refreshes of the display. */
const ARGV = [
  'stdbuf',
  '--output=0',
  'crm_mon',
  '--disable-ncurses',
  '--output-as=text',
  '--exclude=all',
  '--include=times',
  '--interval=1s',
];

const LAST_WORDS_CHARACTERS = 400;
const AWAY =
  /connection to the cluster[^\n]*(?:terminated|failed)|waiting until cluster[^\n]*|reconnecting\.*/gi;

export function followCluster(options: ClusterEventOptions): ClusterEventStream {
  let lastWords = '';
  let isStopped = false;
  const group = spawnGroup(ARGV, {
    onStdout(chunk) {
      const text = chunk.toString('latin1');
      if (isStopped || text.trim() === '') return;
      if (text.replace(AWAY, '').trim() === '') options.onAway();
      else options.onChange();
    },
    onStderr(chunk) {
      lastWords = (lastWords + chunk.toString('utf8')).slice(-LAST_WORDS_CHARACTERS);
    },
  });
  const stop = () => {
    isStopped = true;
    group.kill();
  };
  const ended = (async () => {
    await group.leaderGone;
    stop();
    const ending = await group.ended;
    const words = lastWords.trim().replace(/\s*\n\s*/g, ' | ');
    return { fault: words === '' ? describeEnding(['crm_mon'], ending) : words };
  })();
  return { ended, stop };
}
