/** What vm-ctl finds of its own and of vm-stonithd's on a host, which an admin may have written to, and who answers it there. */

import { lastChangeIn } from '../../../host/ctl/change/history.ts';
import { holderIn } from '../../../host/ctl/change/lock.ts';
import { moveIn } from '../../../host/ctl/move/move-constraint.ts';
import { auditEntriesIn } from '../../../host/ctl/status/audit-tail.ts';
import { type Family, law, same } from '../family.ts';
import { JSON_WORDS } from './samples.ts';

const ENTRY = {
  time: '2026-01-01T00:00:00.000Z',
  requester: 'guest1',
  target: 'guest2',
  operation: 'off',
  result: 'confirmed',
  reason: '',
  durationMs: 812,
};
const CHANGE = { command: 'resource add', backup: '/b.xml', after: { adminEpoch: 0, epoch: 3 } };
const HOLDER = { pid: 7, command: 'vm-ctl undo', since: '2026-01-01T00:00:00.000Z' };

export const ownFiles: Family = {
  name: 'own-files',
  seeds: () => [
    `half a rec"}\n${JSON.stringify(ENTRY)}\n${JSON.stringify({ ...ENTRY, target: null, result: 'denied' })}\n`,
    JSON.stringify(CHANGE),
    JSON.stringify(HOLDER),
    '4711\n2026-01-01 00:00:00Z\n',
  ],
  words: [
    ...JSON_WORDS,
    ...[
      '"time":',
      '"result":',
      '"target":',
      '"durationMs":',
      '"requester":',
      '"after":',
      '"epoch":',
      '"adminEpoch":',
    ],
    ...['"command":', '"backup":', '"pid":', '"since":', JSON.stringify(ENTRY), '\r\n', '0', '"x"'],
  ],
  usualBytes: 400,
  longestBytes: 65_536,
  check(input) {
    const text = input.toString('utf8');
    lawfulAudit(text);
    lawfulChange(text);
    lawfulHolder(text);
    const move = moveIn(text);
    same(moveIn(`${move.pid}\n${move.end}\n`), move, 'written and read again it is another move');
    law(
      text.startsWith(move.pid) && !`${move.pid}${move.end}`.includes('\n'),
      'a move of several lines',
      move,
    );
  },
};

/** Whatever stands before it, the last record is read; and none comes from nowhere. */
function lawfulAudit(text: string): void {
  const entries = auditEntriesIn(text);
  law(entries.length <= text.split('\n').length, 'more records than lines', entries.length);
  for (const { time, result, target } of entries)
    law(time !== '' && result !== '' && target !== '', 'a record of nothing', time, result, target);
  same(auditEntriesIn(`${text}\n${JSON.stringify(ENTRY)}\n`), [...entries, ENTRY], 'the last record is lost');
  const written = entries.map((entry) => JSON.stringify(entry)).join('\n');
  same(auditEntriesIn(written), entries, 'written and read again they are other records');
}

function lawfulChange(text: string): void {
  let change: ReturnType<typeof lastChangeIn>;
  try {
    change = lastChangeIn(text);
  } catch (thrown) {
    law(thrown instanceof SyntaxError, 'it throws for what is JSON', thrown);
    return;
  }
  if (change === undefined) return;
  const { command, backup, after } = change;
  law(typeof command === 'string' && typeof backup === 'string', 'a change without words', change);
  law(Number.isSafeInteger(after.epoch) && Number.isSafeInteger(after.adminEpoch), 'no version', change);
  same(lastChangeIn(JSON.stringify(change)), change, 'written and read again it is another change');
}

function lawfulHolder(text: string): void {
  const holder = holderIn(text);
  if (holder === undefined) return;
  const { command, since } = holder;
  law(typeof command === 'string' && typeof since === 'string', 'nobody', holder);
  same(holderIn(JSON.stringify(holder)), holder, 'written and read again it is another one');
  same(Object.keys(holder), ['pid', 'command', 'since'], 'it says more than it may');
}
