/** With Pacemaker's own cibadmin on a file. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { CibSource } from '../../../host/connect/discovery/cib-source.ts';
import { systemClock } from '../../../shared/clock.ts';
import { silentLogger } from '../../../shared/log.ts';
import { runCommand } from '../../../shared/process/run-command.ts';
import { eventually } from '../../support/eventually.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

test('resources are told when they are others, and not when they were only looked at', async (t) => {
  const cibFile = join(temporaryDirectory(t), 'cib.xml');
  const told: string[][] = [];
  let looks = 0;
  const source = new CibSource({
    pacemaker: {
      run: (argv, options) => runCommand(argv, options).finally(() => looks++),
      deadlineMs: 10_000,
      cibFile,
    },
    clock: systemClock,
    random: () => 0,
    log: silentLogger,
    onNodeName: () => {},
    onResources: (resources) => told.push(resources.map(({ id }) => id)),
  });
  t.after(() => source.close());
  const look = async (cib: string, state: string) => {
    const before = looks;
    writeFileSync(cibFile, cib);
    source.refresh();
    await eventually('it has looked', () => looks > before && source.view.state === state);
  };

  await look(cibOf(1, 'one'), 'followed');
  await look(cibOf(2, 'one'), 'followed');
  await look(cibOf(3, 'one', 'two'), 'followed');
  await look('<cib', 'away');
  await look(cibOf(4, 'one', 'two'), 'followed');
  await look(cibOf(5, 'two'), 'followed');
  await eventually('the last one is told', () => told.at(-1)?.length === 1);
  assert.deepEqual(told, [['one'], ['one', 'two'], ['two']]);
});

function cibOf(updates: number, ...ids: readonly string[]): string {
  const resources = ids.map((id) => `<primitive id="${id}" class="ocf" provider="x" type="VirtualDomain"/>`);
  return `<cib validate-with="pacemaker-3.0" epoch="1" num_updates="${updates}" admin_epoch="0"><configuration>
<crm_config/><nodes/><resources>${resources.join('')}</resources><constraints/></configuration><status/></cib>`;
}
