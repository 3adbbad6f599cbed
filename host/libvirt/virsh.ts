/**
 * One call of virsh: argv in, text or a kind of failure out.
 *
 * Invariant: what virsh did not clearly say is a failure. virsh has one exit code for everything, so the kinds are
 * told apart by its messages in the C locale; a message that none of them fits is `refused`, with the text.
 */
import type { CommandResult, CommandRunner } from '../../shared/process/run-command.ts';
import { describeResult } from '../../shared/process/run-command.ts';

/** How to reach one libvirt. */
export interface Virsh {
  readonly run: CommandRunner;
  readonly uri: string;
  readonly deadlineMs: number;
}

export interface VirshFailure {
  readonly ok: false;
  /**
   * `unavailable`: no answer from libvirt, ask again. `no-such-domain`: libvirt does not know it, which is no proof
   * that it does not run elsewhere. `refused`: libvirt said no. `unreadable`: an answer that we don't understand.
   */
  readonly kind: 'unavailable' | 'deadline' | 'no-such-domain' | 'refused' | 'unreadable';
  readonly fault: string;
}

export type VirshAnswer = { readonly ok: true; readonly stdout: string } | VirshFailure;

/** 1,000 domain documents are about 10 MB. */
const MAX_OUTPUT_BYTES = 128 * 1024 * 1024;

const AWAY =
  /failed to connect to the hypervisor|Disconnected from |client socket is closed|cannot (recv|send) data|End of file while reading data|keepalive timeout/i;
const NO_SUCH_DOMAIN = /failed to get domain|Domain not found/i;

export async function callVirsh(virsh: Virsh, parameters: readonly string[]): Promise<VirshAnswer> {
  const argv = ['virsh', '-c', virsh.uri, ...parameters];
  const result = await virsh.run(argv, { deadlineMs: virsh.deadlineMs, maxOutputBytes: MAX_OUTPUT_BYTES });
  const isComplete = result.kind === 'exited' && result.exitCode === 0 && errorsIn(result.stderr) === '';
  return isComplete ? { ok: true, stdout: result.stdout } : virshFailure(argv, result);
}

/**
 * Several commands by one virsh, in order; a command that fails does not stop the others. Only words that need no
 * quoting, or that `quoted` made, may stand in them.
 */
export async function callVirshBatch(virsh: Virsh, commands: readonly string[]): Promise<CommandResult> {
  return virsh.run(['virsh', '-c', virsh.uri, commands.join('; ')], {
    deadlineMs: virsh.deadlineMs,
    maxOutputBytes: MAX_OUTPUT_BYTES,
  });
}

/** One word for virsh's own parser of command strings, whatever is in it. */
export const quoted = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;

export function virshFailure(argv: readonly string[], result: CommandResult): VirshFailure {
  const fault = errorsIn(result.stderr) || describeResult(argv, result);
  if (result.kind === 'deadline') return { ok: false, kind: 'deadline', fault: describeResult(argv, result) };
  if (result.kind !== 'exited' || AWAY.test(result.stderr)) return { ok: false, kind: 'unavailable', fault };
  if (NO_SUCH_DOMAIN.test(result.stderr)) return { ok: false, kind: 'no-such-domain', fault };
  return { ok: false, kind: 'refused', fault };
}

/** virsh's complaints as one line. */
export function errorsIn(stderr: string): string {
  return stderr
    .split('\n')
    .filter((line) => line.startsWith('error: '))
    .map((line) => line.slice('error: '.length))
    .join('; ');
}
