/**
 * One call of a Pacemaker tool: argv in, its output or a kind of failure out.
 *
 * All tools share one list of exit codes (crm_exit_e), so what went wrong is told from the code and not from the
 * words. Invariant: an answer that did not come, or not whole, or that we can't read, is a failure of its own kind;
 * callers can never take it for "nothing there".
 */

import { type CommandResult, type CommandRunner, describeResult } from '../../shared/process/run-command.ts';
import { visible } from '../../shared/visible.ts';
import { parseXml } from '../xml/parse-xml.ts';
import { descendantsNamed, type XmlElement } from '../xml/xml-element.ts';

/** How to reach one cluster, or a configuration file instead of one. */
export interface Pacemaker {
  readonly run: CommandRunner;
  readonly deadlineMs: number;
  /** Pacemaker's own offline mode: its tools work on this file (`CIB_file`). */
  readonly cibFile?: string | undefined;
}

export type PacemakerFailureKind =
  /** Pacemaker does not run here, or goes down just now (or there is no such configuration file): ask again. */
  | 'no-cluster'
  | 'deadline'
  | 'no-quorum'
  /** ENXIO: the object that was asked for does not exist. */
  | 'no-such-object'
  | 'exists'
  /** The configuration was changed by someone else meanwhile: plan again. */
  | 'conflict'
  /** The schema refuses what would come of it. */
  | 'invalid'
  | 'forbidden'
  /** Pacemaker said no for another reason, which is in the fault. */
  | 'refused'
  /** An answer that we don't understand. */
  | 'unreadable';

export interface PacemakerFailure {
  readonly ok: false;
  readonly kind: PacemakerFailureKind;
  readonly fault: string;
}

export interface PacemakerCall {
  readonly input?: string | undefined;
}

const KIND_OF_EXIT: ReadonlyMap<number, PacemakerFailureKind> = new Map([
  [4, 'forbidden'],
  [78, 'invalid'],
  [102, 'no-cluster'],
  [103, 'conflict'],
  [105, 'no-such-object'],
  [106, 'no-quorum'],
  [108, 'exists'],
  [124, 'deadline'],
]);

const COULD_NOT_CONNECT = /could not connect|init failed/i;

/** In the C locale the tools refuse arguments that are not ASCII, unless GLib is told the character set. */
const ENVIRONMENT = { CHARSET: 'UTF-8' };

/** It may name what it found. */
const LONGEST_FAULT = 500;

/** The configuration and status of 10,000 guests. */
const MAX_OUTPUT_BYTES = 128 * 1024 * 1024;

export async function callPacemaker(
  pacemaker: Pacemaker,
  argv: readonly string[],
  call: PacemakerCall = {},
): Promise<{ readonly ok: true; readonly stdout: string } | PacemakerFailure> {
  const result = await pacemaker.run(argv, {
    deadlineMs: pacemaker.deadlineMs,
    maxOutputBytes: MAX_OUTPUT_BYTES,
    input: call.input,
    env: { ...ENVIRONMENT, ...(pacemaker.cibFile === undefined ? {} : { CIB_file: pacemaker.cibFile }) },
  });
  if (result.kind === 'exited' && result.exitCode === 0) return { ok: true, stdout: result.stdout };
  return failureOf(argv, result);
}

/** A call whose output is one XML document. */
export async function callForXml(
  pacemaker: Pacemaker,
  argv: readonly string[],
  call: PacemakerCall = {},
): Promise<XmlAnswer> {
  const answer = await callPacemaker(pacemaker, argv, call);
  return answer.ok ? readXml(argv, answer.stdout) : answer;
}

export type XmlAnswer = { readonly ok: true; readonly root: XmlElement } | PacemakerFailure;

/** What a call has printed. */
export function readXml(argv: readonly string[], text: string): XmlAnswer {
  const document = parseXml(text);
  return document.ok ? document : unreadable(argv, document.fault);
}

export function unreadable(argv: readonly string[], fault: string): PacemakerFailure {
  const words = visible(fault, LONGEST_FAULT);
  return { ok: false, kind: 'unreadable', fault: `the answer of ${argv[0]} can't be understood: ${words}` };
}

function failureOf(argv: readonly string[], result: CommandResult): PacemakerFailure {
  const fault = errorsInXml(result.stdout) ?? describeResult(argv, result);
  switch (result.kind) {
    case 'exited':
      // A configuration file that does not exist has the exit code of an object that does not exist in it.
      if (COULD_NOT_CONNECT.test(result.stderr)) return { ok: false, kind: 'no-cluster', fault };
      return { ok: false, kind: KIND_OF_EXIT.get(result.exitCode) ?? 'refused', fault };
    case 'deadline':
      return { ok: false, kind: 'deadline', fault };
    case 'overflow':
    case 'signalled':
      return { ok: false, kind: 'unreadable', fault };
    case 'aborted':
    case 'not-started':
      return { ok: false, kind: 'no-cluster', fault };
  }
}

/** Tools that print XML put their complaints there too. */
function errorsInXml(stdout: string): string | undefined {
  if (!stdout.includes('<errors>')) return undefined;
  const document = parseXml(stdout);
  if (!document.ok) return undefined;
  const errors = [...descendantsNamed(document.root, 'error')].map((error) => error.text.trim());
  return errors.length === 0 ? undefined : visible(errors.join('; ').replace(/\s+/g, ' '), LONGEST_FAULT);
}
