/** The mark of a request that comes next is not taken away for the one before it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatMark, formatRecord } from '../../../host/stonith/decide/record.ts';
import { ClusterTarget } from '../../../host/stonith/pacemaker/cluster-target.ts';
import type { CommandResult } from '../../../shared/process/run-command.ts';

const RECORD = {
  id: 'J1',
  operation: 'off',
  untilWallMs: 60_000,
  requester: 'guest1',
  host: 'hosta',
  formerRole: 'Started',
} as const;

/** The tools, played: one resource with a record and marks, and what was done to them, in order, each when it has ended. */
function playTools({ deletes }: { readonly deletes: 'answered' | 'never answered' }) {
  const done: string[] = [];
  const set =
    '<meta_attributes id="m"><nvpair id="r" name="target-role" value="Stopped"/>' +
    `<nvpair id="v" name="vm-stonithd" value="${formatRecord(RECORD)}"/></meta_attributes>`;
  const marks = [
    ['hosta', formatMark('J1', 60_000)],
    ['hostb', formatMark('J2', 60_000)],
  ].map(([host, value]) => `<attribute name="force_stop-vm" host="${host}" value="${value}"/>`);
  const answerTo = (argv: readonly string[]): string => {
    if (argv.includes('--delete')) done.push(`delete on ${argv.find((word) => word.startsWith('--node='))}`);
    if (argv.includes('--replace')) done.push('replace');
    if (argv[0] === 'attrd_updater' && argv.includes('--query'))
      return `<pacemaker-result>${marks.join('')}<status code="0"/></pacemaker-result>`;
    return argv.includes('--query') ? `<primitive id="vm" type="VirtualDomain">${set}</primitive>` : '';
  };
  const run = async (argv: readonly string[]): Promise<CommandResult> => {
    await new Promise((resolve) => setTimeout(resolve, 1));
    const output = { stderr: '', elapsedMs: 1 };
    if (argv.includes('--delete') && deletes === 'never answered')
      return { kind: 'deadline', deadlineMs: 1, stdout: '', ...output };
    return { kind: 'exited', exitCode: 0, stdout: answerTo(argv), ...output };
  };
  const job = { requester: 'guest1', operation: 'off', id: 'J1' } as const;
  const access = { pacemaker: { run }, wallMs: () => 0, definitions: new Map() };
  return { done, target: new ClusterTarget('vm', job, access) };
}

test('the record, for which others wait, goes after the marks, of which only its own are removed', async () => {
  const ends = [
    (target: ClusterTarget) => target.clear(1_000),
    (target: ClusterTarget) => target.rollBack({ role: 'Started', unlessEnded: false }, 1_000),
  ];
  for (const end of ends) {
    const { target, done } = playTools({ deletes: 'answered' });
    assert.deepEqual(await end(target), { ok: true });
    assert.deepEqual(done, ['delete on --node=hosta', 'replace']);
  }
});

test('a mark that can not be removed keeps nobody from taking back the order', async () => {
  const { target, done } = playTools({ deletes: 'never answered' });
  const rolledBack = await target.rollBack({ role: 'Started', unlessEnded: false }, 1_000);
  assert.deepEqual([rolledBack.ok, done], [false, ['replace']]);
});
