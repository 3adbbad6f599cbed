/**
 * Keys, tokens and the passphrase of version 1 stay where they belong: a request goes all the way from fence_vm in a guest to
 * vm-stonithd through the real programs, and then whatever they logged, printed, wrote and were called with is searched.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runFenceVm } from '../guest/fence/call-fence-vm.ts';
import { guestSide } from '../guest/guest-side.ts';
import { DaemonProcess } from '../host/connect/daemon-process.ts';
import { vmCtl } from '../host/ctl/vm-ctl.ts';
import { DOMAIN, StonithProcess } from '../host/stonith/stonithd-process.ts';
import { eventually } from '../support/eventually.ts';
import { ProcessWatch } from '../support/process-watch.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

/** The published one, for the domain, and its passphrase, which is no word that anything else has. */
const OLD_TOKEN = 'U2FsdGVkX19OO1zVKCGneLBCaGTaGLZ7gLQiNnpLxRAcmJUOjnZrYg==';
const PASSPHRASE = 'vmstonith';
const GUEST = 'asker';
const OTHERS = 0o077;

interface FoundFile {
  readonly path: string;
  readonly isFile: boolean;
  readonly mode: number;
}

function filesBelow(directory: string): readonly FoundFile[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true }).flatMap((entry) => {
    const path = join(entry.parentPath, entry.name);
    if (entry.isDirectory() || entry.isSymbolicLink()) return [];
    return [{ path, isFile: entry.isFile(), mode: statSync(path).mode & 0o777 }];
  });
}

interface Secrets {
  readonly token: string;
  /** The token without what its header says, and what is in the key file. */
  readonly texts: readonly string[];
  readonly said: string;
}

/** By vm-ctl, as admins make them. */
async function makeSecrets(keyFile: string): Promise<Secrets> {
  const made = await vmCtl(['key', 'make', '--keys', keyFile]);
  const words = ['token', 'make', DOMAIN.replace(/^prmVMCTL_/, ''), '--guest', GUEST, '--keys', keyFile];
  const token = (await vmCtl(words)).stdout.trim();
  const explained = await vmCtl(['token', 'explain', '--keys', keyFile], { input: `${token}\n` });
  const listed = await vmCtl(['key', 'list', '--keys', keyFile]);
  const [, secret = ''] = /secret = (\S+)/.exec(readFileSync(keyFile, 'utf8')) ?? [];
  const sealed = token.split('.').at(-1) ?? '';
  assert.ok(secret.length > 40 && sealed.length > 100);
  const said = [made, explained, listed].map(({ stdout, stderr }) => stdout + stderr).join('');
  const hexadecimal = Buffer.from(secret, 'base64').toString('hex');
  return { token, texts: [secret, hexadecimal, sealed], said };
}

test('no secret is in a log, a status, an audit record, a process list or a file that others can read', async (t) => {
  const stonithd = await StonithProcess.prepare(t);
  const { directory } = stonithd;
  const keyFile = join(directory, 'keys');
  const { token, texts, said } = await makeSecrets(keyFile);
  const secrets = [...texts, OLD_TOKEN, `-k ${PASSPHRASE}`];
  const watch = new ProcessWatch(t, secrets);

  const guest = await guestSide(t);
  const connectd = await DaemonProcess.start(t, [], directory);
  writeFileSync(
    connectd.config,
    `${readFileSync(connectd.config, 'utf8')}log-level = debug\n[guest ${GUEST}]\npath = ${guest.pty.socket}\n`,
  );
  connectd.run.process.kill('SIGHUP');
  stonithd.configure(
    `socket = ${connectd.socket}\nlog-level = debug\ndecrypt-command = openssl des-ede3 -d -base64 -k ${PASSPHRASE}\n`,
  );
  await stonithd.start(t, '-V');
  const agent = await guest.startAgent('-V');
  await eventually('the guest has the service', async () =>
    (await guest.askToEnd('status')).stdout.includes('stonith'),
  );

  const tokenFile = join(temporaryDirectory(t), 'tokens');
  writeFileSync(tokenFile, `guest2 ${token}\nguest3 ${OLD_TOKEN}\nguest4 ${token.slice(0, -4)}AAAA\n`, {
    mode: 0o600,
  });
  const call = (input: string) =>
    runFenceVm(`${input}\nsocket=${guest.socket}\nverbose=1\nshell_timeout=20\n`);
  const called = [
    await call(`action=status\nplug=guest2\ntoken=guest2:${token}`),
    await call(`action=status\nplug=guest2\ntoken_file=${tokenFile}`),
    await call(`action=status\nplug=guest3\ntoken_file=${tokenFile}`),
    await call(`action=status\nplug=guest4\ntoken_file=${tokenFile}`),
    await call(`action=list-status\ntoken_file=${tokenFile}`),
    await call(`action=off\nplug=guest2\ntoken=guest2:${token} x`),
    await call(`action=status\nplug=guest2\ntokens=guest2=${token}`),
  ];
  const IS_OFF = 2;
  assert.deepEqual(
    called.slice(0, 4).map(({ exitCode }) => exitCode),
    [IS_OFF, IS_OFF, IS_OFF, 1],
    JSON.stringify(called),
  );
  watch.end();

  const shown = [
    await stonithd.run('--status'),
    await stonithd.run('--status', '--json'),
    await stonithd.run('--status', '--prometheus'),
    await guest.askToEnd('status', '--json'),
  ];
  await eventually('all is audited', () => stonithd.audit().some((line) => line.includes('"denied"')));
  const told = [
    said,
    stonithd.log,
    connectd.run.stderr() + connectd.run.stdout(),
    agent.stderr() + agent.stdout(),
    JSON.stringify(await connectd.status()),
    ...stonithd.audit(),
    ...[...called, ...shown].map(({ stdout, stderr }) => stdout + stderr),
  ];
  for (const secret of [...texts, OLD_TOKEN, PASSPHRASE])
    for (const text of told)
      assert.ok(!text.replaceAll('vm-stonithd', '').includes(secret), `${secret} in ${text}`);

  assert.deepEqual([...watch.leaks], [], 'it is in a process list');
  for (const program of [/fence_vm/, /virsh/, /vm-stonithd --config/])
    assert.ok(
      [...watch.seen].some((line) => program.test(line)),
      `${program} was not seen at all`,
    );

  const found = [directory, guest.directory].flatMap(filesBelow);
  const own = new Set([keyFile, join(directory, 'vm-stonithd.conf')]);
  for (const { path, isFile, mode } of found) {
    const holdsSecret = isFile && secrets.some((secret) => readFileSync(path, 'latin1').includes(secret));
    assert.equal(holdsSecret, own.has(path), path);
    if (!isFile && path !== guest.pty.socket && !path.endsWith('/bridge.sock'))
      assert.equal(mode & OTHERS, 0, path);
  }
  for (const name of ['keys', 'log/pm-kvm-tools/audit.log']) {
    const mode = found.find(({ path }) => path === join(directory, name))?.mode ?? OTHERS;
    assert.equal(mode & OTHERS, 0, name);
  }
});

test('what looks for secrets finds one among the arguments, also one of two words, and in the environment of any process', async (t) => {
  const secret = randomUUID();
  for (const { looksFor, words, env } of [
    { looksFor: secret, words: [secret], env: {} },
    { looksFor: `-k ${secret}`, words: ['-k', secret], env: {} },
    { looksFor: secret, words: [], env: { SECRET: secret } },
  ]) {
    const watch = new ProcessWatch(t, [looksFor]);
    const child = spawn('sh', ['-c', 'read line', ...words], {
      env: { ...process.env, ...env },
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    await eventually(`${looksFor} is found`, () => watch.leaks.size > 0);
    watch.end();
    child.stdin.end();
  }
});

test('no unit lets its daemon leave a core, which would hold what it has in its memory', () => {
  const units = ['host', 'guest'].flatMap((side) =>
    readdirSync(join(import.meta.dirname, `../../${side}/etc`))
      .filter((name) => name.endsWith('.service'))
      .map((name) => join(import.meta.dirname, `../../${side}/etc`, name)),
  );
  assert.equal(units.length, 4);
  for (const unit of units) assert.match(readFileSync(unit, 'utf8'), /^LimitCORE=0$/m, unit);
});
