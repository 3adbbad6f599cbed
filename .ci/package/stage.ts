/** Lays the files of a package below a directory, as they will lie below the root of a system. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Package } from './contents.ts';
import { makeManuals } from './manuals.ts';

/** What is made of the built programs: manuals and completions, below `dist/`. */
export function makeDerivedFiles(): void {
  makeManuals('dist/man');
  mkdirSync('dist/completion', { recursive: true });
  for (const shell of ['bash', 'zsh']) {
    const script = execFileSync('dist/sbin/vm-ctl', ['completion', shell]);
    writeFileSync(`dist/completion/${shell}`, script);
  }
}

export function stage(what: Package, root: string): void {
  rmSync(root, { recursive: true, force: true });
  for (const { from, to, mode } of what.files) {
    const content = readFileSync(from);
    put(root, to, to.endsWith('.gz') ? compressed(content) : content, mode);
  }
}

/** Owners are root's by the tools that pack; no directory is left to the umask. */
export function put(root: string, to: string, content: string | Buffer, mode: number): void {
  const path = join(root, to);
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
  writeFileSync(path, content);
  chmodSync(path, mode);
}

export const compressed = (content: string | Buffer): Buffer => gzipSync(content, { level: 9 });
