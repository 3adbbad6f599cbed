/** A directory of a test's own, gone when the test is. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

export function temporaryDirectory(t: Pick<TestContext, 'after'>): string {
  const path = mkdtempSync(join(tmpdir(), 'pm-kvm-tools-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}
