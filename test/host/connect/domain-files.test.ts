import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { DomainFiles } from '../../../host/connect/discovery/domain-files.ts';
import { eventually } from '../../support/eventually.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const XML = "<domain type='test'><name>guest1</name></domain>";

test('a file on storage that does not answer is a fault in time, and holds no other file up', async (t) => {
  const directory = temporaryDirectory(t);
  const [stuck, good] = [join(directory, 'stuck'), join(directory, 'good')];
  execFileSync('mkfifo', [stuck]); // whoever opens it waits for a writer
  writeFileSync(good, XML);
  const clock = new VirtualClock();
  const heard: string[] = [];
  const files = new DomainFiles({
    clock,
    onRead: (path, { name }) => heard.push(`${path}: ${name}`),
    onFault: (path, fault) => heard.push(`${path}: ${fault}`),
  });
  const reading = files.read(new Set([stuck, good]));
  await eventually('the good one', () => heard.includes(`${good}: guest1`));
  await clock.advance(5_000);
  await reading;
  assert.equal(heard[1], `${stuck}: the file system has not answered for 5 s`);
  await files.read(new Set([stuck, good]));
  assert.equal(heard.length, 2, 'the good one has not changed, and the other is not asked again');
  closeSync(openSync(stuck, constants.O_WRONLY | constants.O_NONBLOCK));
  await eventually('what it said in the end', () => /is no domain XML/.test(heard[2] ?? ''));
});

test('a file is read when it has changed, also when only its content has', async (t) => {
  const path = join(temporaryDirectory(t), 'guest.xml');
  const heard: string[] = [];
  const files = new DomainFiles({
    clock: new VirtualClock(),
    onRead: (_path, { name }) => heard.push(name),
    onFault: (_path, fault) => heard.push(fault),
  });
  for (const name of ['guest1', 'guest2', 'guest2']) {
    if (name !== heard.at(-1)) writeFileSync(path, XML.replace('guest1', name));
    await files.read(new Set([path]));
  }
  await files.read(new Set(['/no/such/file']));
  assert.deepEqual(heard, ['guest1', 'guest2', 'there is no such file']);
});
