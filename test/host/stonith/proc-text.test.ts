/** Laws of whose process one is, told from what the kernel says of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isQemuOf, statFieldsIn } from '../../../host/stonith/libvirt/proc-text.ts';

const qemu = (value: string) => ['/usr/bin/qemu-system-x86_64', '-name', value, '-S', ''].join('\0');

test('a QEMU is told by the whole name of its domain, in which commas are doubled', () => {
  assert.ok(isQemuOf(qemu('guest=web,debug-threads=on'), 'web'));
  assert.ok(isQemuOf(qemu('guest=web'), 'web'));
  assert.ok(isQemuOf(qemu('guest=web,,1,debug-threads=on'), 'web,1'));
  for (const other of ['we', 'web1', 'web,1', '', 'guest=web'])
    assert.ok(!isQemuOf(qemu('guest=web,debug-threads=on'), other), other);
});

test('one whose name goes on behind a comma is not taken for the domain of the shorter name', () => {
  assert.ok(!isQemuOf(qemu('guest=web,,1,debug-threads=on'), 'web'));
});

test('what is named otherwise, or not at all, is no QEMU of a domain', () => {
  for (const cmdline of ['', 'guest=web', '-name', 'qemu\0-name', qemu('process=guest=web')])
    assert.ok(!isQemuOf(cmdline, 'web'), cmdline);
});

test("a user's QEMU is not taken for the system's of that name, and whatever may be the system's is", () => {
  const withWords = (...words: string[]) =>
    isQemuOf(
      ['qemu-system-x86_64', '-name', 'guest=web,debug-threads=on', '-S', ...words, ''].join('\0'),
      'web',
    );
  const key = (file: string) => [
    ['-object', `{"qom-type":"secret","id":"masterKey0","format":"raw","file":"${file}"}`],
    ['-object', `secret,id=masterKey0,format=raw,file=${file}`],
  ];
  const disk = '{"driver":"file","filename":"/home/me/.local/share/libvirt/images/web.img"}';
  for (const words of key('/home/me/.config/libvirt/qemu/lib/domain-1-web/master-key.aes')) {
    assert.equal(withWords(...words), false);
    assert.equal(withWords('-blockdev', disk, ...words), false);
    assert.equal(withWords('-append', words.join(' ')), true);
  }
  for (const words of key('/var/lib/libvirt/qemu/domain-1-web/master-key.aes'))
    assert.equal(withWords(...words, '-blockdev', disk), true);
  const another =
    '{"qom-type":"secret","id":"s","file":"/root/.config/libvirt/qemu/lib/domain-1-web/master-key.aes"}';
  assert.equal(withWords('-object', another), true);
});

test('a process that calls itself like the rest of its own state is not believed', () => {
  assert.deepEqual(statFieldsIn('7 (a) Z 1) S 1 2'), ['S', '1', '2']);
});
