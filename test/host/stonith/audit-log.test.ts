/** A line that a full disk or a crash has cut off spoils no other, and what is lost is counted. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { AuditLog, type AuditRecord } from '../../../host/stonith/service/audit-log.ts';
import { silentLogger } from '../../../shared/log.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const record: AuditRecord = {
  time: '2026-01-01T00:00:00.000Z',
  requester: 'web1',
  target: 'prmWeb2',
  operation: 'off',
  result: 'confirmed',
  state: 'off',
  reason: 'it is stopped',
  durationMs: 40,
  id: 'r-1',
};

async function written(path: string, count: number): Promise<AuditLog> {
  const log = new AuditLog(path, silentLogger, () => 0);
  for (let index = 0; index < count; index++) log.add(record);
  await log.flush();
  return log;
}

const linesOf = (path: string) => readFileSync(path, 'utf8').split('\n');

test('a record behind half a line begins a line of its own', async (t) => {
  const path = join(temporaryDirectory(t), 'audit.log');
  writeFileSync(path, '{"time":"2026-01-0');
  assert.equal((await written(path, 1)).lost, 0);
  await written(path, 1);
  const [half, ...whole] = linesOf(path);
  assert.equal(half, '{"time":"2026-01-0');
  assert.deepEqual(whole, [JSON.stringify(record), JSON.stringify(record), '']);
});

test('a disk that takes the first part of what is written costs what it has not taken, and that is counted', (t) => {
  const path = join(temporaryDirectory(t), 'audit.log');
  const module = new URL('../../../host/stonith/service/audit-log.ts', import.meta.url).href;
  const script = `import { AuditLog } from '${module}';
    const log = new AuditLog(process.argv[1], { error() {} }, () => 0);
    for (let index = 0; index < 8; index++) log.add(${JSON.stringify(record)});
    await log.flush();
    process.stdout.write(String(log.lost));`;
  const words = ['--import', 'tsx', '--input-type=module', '-e', script, path];
  const { stdout, stderr } = spawnSync(
    'bash',
    ['-c', 'ulimit -f 1; exec "$0" "$@"', process.execPath, ...words],
    {
      encoding: 'utf8',
    },
  );
  const whole = linesOf(path).filter((line) => line === JSON.stringify(record)).length;
  assert.ok(whole > 0 && whole < 8, `${whole} ${stderr}`);
  assert.equal(Number(stdout), 8 - whole, stderr);
});
