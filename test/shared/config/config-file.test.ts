/** Laws of reading a configuration file, of whatever kind it is. */
import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { readConfigFile } from '../../../shared/config/config-file.ts';
import { readIniConfig } from '../../../shared/config/ini-config.ts';
import { runCommand } from '../../../shared/process/run-command.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

describe('a configuration file', () => {
  it('is read whole, by way of a link too', (t) => {
    const path = join(temporaryDirectory(t), 'conf');
    writeFileSync(path, '[a]\nb = ü\n');
    symlinkSync(path, `${path}.link`);
    assert.equal(readConfigFile(`${path}.link`), '[a]\nb = ü\n');
    assert.equal(readConfigFile('/dev/null'), '');
  });

  it('is waited for by nobody, nor read when it is none', async (t) => {
    const directory = temporaryDirectory(t);
    const path = (name: string) => join(directory, name);
    mkdirSync(path('directory'));
    await runCommand(['mkfifo', path('fifo')], { deadlineMs: 5_000 });
    for (const name of ['directory', 'fifo']) {
      assert.throws(() => readConfigFile(path(name)), /^Error: it is no regular file$/);
    }
    assert.throws(() => readConfigFile(path('none')), { code: 'ENOENT' });
  });

  it('that is huge, or never ends, is too large and takes no memory', (t) => {
    const path = join(temporaryDirectory(t), 'conf');
    writeFileSync(path, '');
    truncateSync(path, 64 * 1024 ** 3);
    for (const file of [path, '/dev/zero']) {
      const result = readIniConfig(file, readConfigFile(file));
      assert.ok(!result.ok && result.problems[0]?.message === 'the file is larger than 1 MiB');
    }
  });
});
