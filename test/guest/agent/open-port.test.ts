import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openPort, portError } from '../../../guest/agent/open-port.ts';
import { PmError } from '../../../shared/errors.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { makeFifo, makePty } from './stand-in.ts';

const systemError = (code: string) => Object.assign(new Error(`${code}: it says`), { code });

test('each fault of a port is named with its remedy', () => {
  const words = (code: string) => portError('/dev/p', systemError(code)).message;
  assert.match(
    words('ENOENT'),
    /^cannot open \/dev\/p: no such port; give the guest a channel named vmconnectd/,
  );
  assert.match(words('EBUSY'), /^cannot open \/dev\/p: another program holds the port; find it with "fuser/);
  assert.match(words('EACCES'), /^cannot open \/dev\/p: permission denied; run it as root$/);
  assert.match(words('EIO'), /^cannot open \/dev\/p: EIO: it says; see whether/);
});

test('a path that is not there, or is no device, is refused in words', async (t) => {
  const directory = temporaryDirectory(t);
  const file = join(directory, 'file');
  writeFileSync(file, '');
  await assert.rejects(openPort(join(directory, 'none')), /no such port/);
  await assert.rejects(openPort(file), /is no character device, so no port; name the port with --port/);
  await assert.rejects(openPort(makeFifo(t)), /is no character device/);
  await assert.rejects(openPort('/dev/null'), (thrown) => thrown instanceof PmError);
});

test('a tty is raw at 115200 without flow control, and a second opener is told that it is busy', async (t) => {
  const { device } = await makePty(t);
  const { kind, binding } = await openPort(device);
  t.after(() => binding.close());
  assert.equal(kind, 'serial');
  const settings = execFileSync('stty', ['-a', '-F', device], { encoding: 'utf8' });
  for (const word of ['115200 baud', '-icanon', '-echo', '-ixon', '-crtscts', '-opost', '-icrnl']) {
    assert.ok(settings.includes(word), `${word} in ${settings}`);
  }
  await assert.rejects(openPort(device), /another program holds the port/);
});
