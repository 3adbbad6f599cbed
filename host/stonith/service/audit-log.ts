/**
 * The audit log: one JSON line for every request. Each line opens the file anew, so logrotate may do as it likes, and
 * lines are written behind the answer's back: a disk that is full or hangs costs records, which are counted, and never a
 * fencing. What a full disk or a crash has cut off spoils no line after it.
 */
import { type FileHandle, open } from 'node:fs/promises';
import { messageOf } from '../../../shared/errors.ts';
import type { Logger } from '../../../shared/log.ts';
import { visibleJson } from '../../../shared/visible.ts';

export interface AuditRecord {
  readonly time: string;
  readonly requester: string;
  readonly target: string | null;
  readonly operation: string;
  /** Which token gave the right: `KEY/SERIAL`, or `version 1`. */
  readonly token?: string;
  readonly result: string;
  readonly state: string;
  readonly reason: string;
  readonly durationMs: number;
  readonly id: string;
  /** How many of a kind this line stands for, when a guest sent more than are written one by one; it is the last of them. */
  readonly count?: number;
}

const MOST_WAITING = 1_000;
const COMPLAIN_EVERY_MS = 60_000;
const NEWLINE = 0x0a;

export class AuditLog {
  readonly #path: string;
  readonly #log: Logger;
  readonly #nowMs: () => number;
  readonly #waiting: string[] = [];
  #writing: Promise<void> | undefined;
  #complainedMs = Number.NEGATIVE_INFINITY;
  lost = 0;

  constructor(path: string, log: Logger, nowMs: () => number) {
    this.#path = path;
    this.#log = log;
    this.#nowMs = nowMs;
  }

  add(record: AuditRecord): void {
    if (this.#waiting.length >= MOST_WAITING) this.#lose(1, 'the disk does not keep up');
    else this.#waiting.push(`${visibleJson(record)}\n`);
    this.#writing ??= this.#write();
  }

  /** Resolves when all that can be written is written. */
  async flush(): Promise<void> {
    await this.#writing;
  }

  async #write(): Promise<void> {
    while (this.#waiting.length > 0) {
      let rest = Buffer.from(this.#waiting.splice(0).join(''));
      try {
        const file = await open(this.#path, 'a+', 0o600);
        try {
          if (!(await endsALine(file))) await file.write('\n');
          while (rest.length > 0) rest = rest.subarray((await file.write(rest)).bytesWritten);
        } finally {
          await file.close();
        }
      } catch (thrown) {
        this.#lose(rest.filter((byte) => byte === NEWLINE).length, messageOf(thrown));
      }
    }
    this.#writing = undefined;
  }

  #lose(count: number, reason: string): void {
    this.lost += count;
    const nowMs = this.#nowMs();
    if (nowMs - this.#complainedMs < COMPLAIN_EVERY_MS) return;
    this.#complainedMs = nowMs;
    this.#log.error('audit records are lost', { file: this.#path, lost: this.lost, reason });
  }
}

async function endsALine(file: FileHandle): Promise<boolean> {
  const { size } = await file.stat();
  if (size === 0) return true;
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
  return buffer[0] === NEWLINE;
}
