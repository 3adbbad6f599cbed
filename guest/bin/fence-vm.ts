/** fence_vm: the process around it. Everything is synchronous and small here, for it starts often and has to start fast. */
import { readSync, writeSync } from 'node:fs';
import { messageOf, PmError, systemCodeOf } from '../../shared/errors.ts';
import { fenceVm } from '../fence/fence-vm.ts';

const STDIN = 0;
const STDOUT = 1;
const STDERR = 2;
const MAX_INPUT_BYTES = 1024 * 1024;

fenceVm({
  parameters: process.argv.slice(2),
  readInput,
  print: (text) => write(STDOUT, text),
  complain: (text) => write(STDERR, text),
  isUnderPacemaker: process.env['PCMK_service'] === 'pacemaker-fenced',
  random: Math.random,
  sleep: (delayMs) =>
    delayMs > 0 ? new Promise((resolve) => setTimeout(resolve, delayMs)) : Promise.resolve(),
}).then(
  (exitCode) => process.exit(exitCode),
  (thrown: unknown) => {
    const isOurDefect = !(thrown instanceof PmError);
    write(STDERR, `fence_vm: ${isOurDefect ? 'internal error: ' : ''}${messageOf(thrown)}\n`);
    process.exit(1);
  },
);

function readInput(): string {
  const chunks: Buffer[] = [];
  for (let size = 0; size <= MAX_INPUT_BYTES; ) {
    const chunk = Buffer.alloc(65_536);
    const count = whenReady(() => readSync(STDIN, chunk, 0, chunk.length, null));
    if (count === 0) return Buffer.concat(chunks).toString('utf8');
    chunks.push(chunk.subarray(0, count));
    size += count;
  }
  throw new PmError({
    code: 'usage',
    what: 'cannot read the parameters',
    fault: 'standard input has more than 1 MiB',
    remedy: 'give name=value lines, such as action=off; fence_vm -o metadata lists the names',
  });
}

/** What can't be written is lost: that changes nothing of what has been done. */
function write(descriptor: number, text: string): void {
  const bytes = Buffer.from(text);
  try {
    for (let done = 0; done < bytes.length; ) done += whenReady(() => writeSync(descriptor, bytes, done));
  } catch {
    return;
  }
}

/** The caller may have made its end of a pipe non-blocking, and ours is the same. */
function whenReady(action: () => number): number {
  const pause = new Int32Array(new SharedArrayBuffer(4));
  for (;;) {
    try {
      return action();
    } catch (thrown) {
      if (systemCodeOf(thrown) === 'EOF') return 0;
      if (systemCodeOf(thrown) !== 'EAGAIN') throw thrown;
      Atomics.wait(pause, 0, 0, 5);
    }
  }
}
