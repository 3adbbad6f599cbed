/** The real vm-connectd of a host while it can open nothing more: what it has open goes on, and it goes on itself. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { eventually } from '../../support/eventually.ts';
import { DaemonProcess } from './daemon-process.ts';
import { connectPeer, QemuSocket } from './peers.ts';

test('a daemon without a file to spare serves those it has, tells its status, and takes on others later', async (t) => {
  const daemon = await DaemonProcess.start(t, ['guest1']);
  const qemu = await QemuSocket.open(t, daemon.socketOf('guest1'));
  const guest = await qemu.peer();
  guest.hello();
  await guest.message('hello');
  const local = await connectPeer(t, daemon.socket);
  const request = { type: 'request', service: 'agent', text: 'status', deadlineMs: 5_000 } as const;
  local.say({ ...request, id: 'before' });
  await local.replyTo('before');

  const { pid } = daemon.run.process;
  const allow = (files: string) => execFileSync('prlimit', ['--pid', String(pid), `--nofile=${files}:`]);
  allow('3');
  local.say({ ...request, id: 'during' });
  const during = await local.replyTo('during');
  assert.ok('detail' in during, JSON.stringify(during));
  guest.say({ ...request, service: 'host', text: 'ping', id: 'ping' });
  assert.ok('text' in (await guest.replyTo('ping')));
  daemon.run.process.kill('SIGHUP');
  await eventually('what it cannot read is told', () =>
    /former configuration stays in force .*EMFILE/.test(daemon.run.stderr()),
  );

  allow('1024');
  await eventually('it serves who comes now', async () => (await daemon.guest('guest1'))?.state === 'up');
  assert.equal(daemon.run.process.exitCode, null);
});
