/** Inputs that are kept, as files of a folder for each family: what broke something once, and what reaches code that nothing else did. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface KeptInput {
  readonly file: string;
  readonly input: Buffer;
}

export function loadCorpus(folder: string, family: string): readonly KeptInput[] {
  const own = join(folder, family);
  const names = existsSync(own) ? readdirSync(own).toSorted() : [];
  return names.map((name) => ({ file: join(own, name), input: readFileSync(join(own, name)) }));
}

/** `broke-` stays for good. Returns the file. */
export function keepInput(folder: string, family: string, kind: 'reached' | 'broke', input: Buffer): string {
  const own = join(folder, family);
  mkdirSync(own, { recursive: true });
  const file = join(own, `${kind}-${createHash('sha256').update(input).digest('hex').slice(0, 12)}`);
  writeFileSync(file, input);
  return file;
}
