/**
 * What vm-ctl costs, in processor time: that is what it takes on a machine that has nothing else to do, and is the same
 * on one that has. Limits are those of the specification, with room for slower machines.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readSettings } from '../../../host/ctl/config/read-settings.ts';
import { defineGuest } from '../../../host/ctl/definition/guest-definition.ts';
import { guestConstraints, guestPrimitive } from '../../../host/ctl/definition/guest-elements.ts';
import { crmText } from '../../../host/ctl/format/crm-text.ts';
import { printXml } from '../../../host/xml/print-xml.ts';
import { runCommand } from '../../../shared/process/run-command.ts';
import { HOSTS_CIB, PUBLISHED_CONFIG } from './published.ts';
import { program, workbench } from './vm-ctl.ts';

const read = readSettings('vm-ctl.conf', PUBLISHED_CONFIG);
assert.ok(read.ok);
const { settings } = read;
const guests = (count: number) =>
  Array.from({ length: count }, (_, index) =>
    defineGuest({ domain: `guest${index}`, node: 'host1', isMigrationAllowed: false }, settings),
  );

/** User and system time of a command and its children, the least of some runs. */
async function processorMs(argv: readonly string[], runs: number, cibFile = ''): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let run = 0; run < runs; run++) {
    const result = await runCommand(
      ['bash', '-c', 'TIMEFORMAT="%U %S"; time "$@" >/dev/null 2>&1', 'bash', ...argv],
      {
        deadlineMs: 120_000,
        env: cibFile === '' ? {} : { CIB_file: cibFile },
      },
    );
    const [user = Number.NaN, system = Number.NaN] = result.stderr.trim().split(' ').map(Number);
    least = Math.min(least, (user + system) * 1000);
  }
  return least;
}

test('the version is told in 1.4 times the time of an empty Node', async (t) => {
  const file = program();
  const nothing = await processorMs([process.execPath, '-e', '0'], 8);
  const version = await processorMs([process.execPath, file, '--version'], 8);
  t.diagnostic(`vm-ctl --version ${version} ms, node -e 0 ${nothing} ms`);
  assert.ok(version <= nothing * 1.4 + 5, `${version} ms against ${nothing} ms`);
});

test('a list of 1,000 guests takes less than 0.5 s', async (t) => {
  const all = guests(1000);
  const text = HOSTS_CIB.replace(
    '</resources>',
    () => `${all.map(guestPrimitive).map(printXml).join('')}</resources>`,
  ).replace(
    '<constraints/>',
    () => `<constraints>${all.flatMap(guestConstraints).map(printXml).join('')}</constraints>`,
  );
  const { cib, config } = workbench(t, text);
  const took = await processorMs(
    [process.execPath, program(), 'resource', 'list', '--cib-file', cib, '--config', config],
    3,
  );
  t.diagnostic(`list of 1,000: ${took} ms`);
  assert.ok(took < 500, `${took} ms`);
});

test('a hundred guests are added at least 3 times as fast as crm loads the same text', async (t) => {
  const ours = workbench(t);
  const theirs = workbench(t);
  const all = guests(100);
  const listing = join(theirs.folder, 'guests.crm');
  writeFileSync(listing, crmText(all));
  const names = all.map(({ domain }) => domain);
  const add = [process.execPath, program(), 'resource', 'add', ...names, '-a', 'host1'];
  const addMs = await processorMs([...add, '--cib-file', ours.cib, '--config', ours.config], 1);
  const crmMs = await processorMs(['crm', '--force', 'configure', 'load', 'update', listing], 1, theirs.cib);
  for (const { cib } of [ours, theirs]) assert.match(readFileSync(cib, 'utf8'), /prmVMCTL_guest99/);
  t.diagnostic(`100 guests: vm-ctl ${addMs} ms, crm ${crmMs} ms, ${(crmMs / addMs).toFixed(1)} times`);
  assert.ok(crmMs >= addMs * 3, `${addMs} ms against ${crmMs} ms`);
});
