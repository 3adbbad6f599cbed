import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { DomainFiles } from '../../../host/connect/discovery/domain-files.ts';
import { eventually } from '../../support/eventually.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const XML = "<domain type='test'><name>guest1</name></domain>";
const NO_ANSWER = 'the file system has not answered for 5 s';

function startFiles(t: TestContext, atOnce?: number) {
  const clock = new VirtualClock();
  const directory = temporaryDirectory(t);
  const heard: string[] = [];
  const files = new DomainFiles({
    clock,
    ...(atOnce === undefined ? {} : { atOnce }),
    onRead: (path, { name }) => heard.push(`${path}: ${name}`),
    onFault: (path, fault) => heard.push(`${path}: ${fault}`),
  });
  const good = join(directory, 'good.xml');
  writeFileSync(good, XML);
  return { clock, directory, heard, files, good };
}

/** Whoever opens it waits for a writer, as for storage that has died. */
const makeDeaf = (path: string) => execFileSync('mkfifo', [path]);

const wake = (path: string) => closeSync(openSync(path, constants.O_WRONLY | constants.O_NONBLOCK));

test('a file on storage that does not answer is a fault in time, and holds no other file up', async (t) => {
  const { clock, directory, heard, files, good } = startFiles(t);
  const deaf = join(directory, 'deaf.xml');
  makeDeaf(deaf);
  const reading = files.read(new Set([deaf, good]));
  await eventually('the good one', () => heard.includes(`${good}: guest1`));
  await clock.advance(5_000);
  await reading;
  assert.equal(heard[1], `${deaf}: ${NO_ANSWER}`);
  await files.read(new Set([deaf, good]));
  assert.equal(heard.length, 2, 'the good one has not changed, and the other is not asked again');
  wake(deaf);
  await eventually('what it said in the end', () => /is no domain XML/.test(heard[2] ?? ''));
});

test('a directory that let us wait for one file is not asked for the others at that time', async (t) => {
  const { clock, directory, heard, files, good } = startFiles(t, 1);
  const dead = join(directory, 'dead');
  mkdirSync(dead);
  const [deaf, other] = [join(dead, 'deaf.xml'), join(dead, 'other.xml')];
  makeDeaf(deaf);
  writeFileSync(other, XML);
  const reading = files.read(new Set([deaf, other, good]));
  await clock.advance(5_000);
  await reading;
  assert.deepEqual(heard, [`${deaf}: ${NO_ANSWER}`, `${other}: ${NO_ANSWER}`, `${good}: guest1`]);
  wake(deaf);
  await files.read(new Set([other]));
  assert.ok(heard.includes(`${other}: guest1`), 'the next time it is asked again');
});

test('a file is read when it has changed, also when only its content has', async (t) => {
  const { files, good, heard } = startFiles(t);
  for (const name of ['guest1', 'guest2', 'guest2']) {
    if (!heard.at(-1)?.endsWith(name)) writeFileSync(good, XML.replace('guest1', name));
    await files.read(new Set([good]));
  }
  await files.read(new Set(['/no/such/file']));
  assert.deepEqual(heard, [`${good}: guest1`, `${good}: guest2`, '/no/such/file: there is no such file']);
});
