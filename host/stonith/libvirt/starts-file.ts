/**
 * The starts that are pending, in a file for the daemon's successor; a boot of the host removes it with all of /run.
 *
 * Invariant: no file means no such start. One that can't be read means that there may be any.
 */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { systemCodeOf } from '../../../shared/errors.ts';
import type { ProcessId } from './processes.ts';

export interface KeptStart {
  /** Undefined: of any. */
  readonly domain: string | undefined;
  /** Those of libvirt's processes that may be about it; undefined: not known yet. */
  readonly heldBy: readonly ProcessId[] | undefined;
}

export interface StartsFile {
  /** Throws for what is there and can't be read. */
  readonly read: () => readonly KeptStart[];
  /** Throws when it can't. */
  readonly write: (starts: readonly KeptStart[]) => void;
}

export function startsFile(path: string): StartsFile {
  return {
    read: () => {
      const text = textOf(path);
      return text === undefined ? [] : startsIn(text);
    },
    write: (starts) => {
      if (starts.length === 0) {
        rmSync(path, { force: true });
        return;
      }
      mkdirSync(dirname(path), { recursive: true });
      try {
        writeFileSync(`${path}.new`, `${JSON.stringify(starts)}\n`, { mode: 0o600 });
        renameSync(`${path}.new`, path);
      } finally {
        rmSync(`${path}.new`, { force: true });
      }
    },
  };
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (thrown) {
    if (systemCodeOf(thrown) === 'ENOENT') return undefined;
    throw thrown;
  }
}

/** Throws for what was never written so: it may tell of any. */
export function startsIn(text: string): readonly KeptStart[] {
  const starts: unknown = JSON.parse(text);
  if (!Array.isArray(starts)) throw new Error('it is no list');
  return starts.map((start: unknown) => {
    if (!isKeptStart(start)) throw new Error('it holds what is no start');
    return { domain: start.domain, heldBy: start.heldBy };
  });
}

function isKeptStart(start: unknown): start is KeptStart {
  if (typeof start !== 'object' || start === null) return false;
  const { domain, heldBy }: { readonly domain?: unknown; readonly heldBy?: unknown } = start;
  const isHeld = heldBy === undefined || (Array.isArray(heldBy) && heldBy.every(isProcessId));
  return isHeld && (domain === undefined || typeof domain === 'string');
}

function isProcessId(one: unknown): boolean {
  if (typeof one !== 'object' || one === null) return false;
  const { pid, startTicks }: { readonly pid?: unknown; readonly startTicks?: unknown } = one;
  return Number.isSafeInteger(pid) && typeof startTicks === 'string';
}
