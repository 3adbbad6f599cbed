import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ASKERS } from './chaos-names.ts';
import { type StrikeCount, tooFew } from './enough.ts';
import type { Schedule } from './schedule.ts';

const MINUTES = 3;
const schedule: Schedule = {
  seed: 1,
  forMs: MINUTES * 60_000,
  strikes: Array.from({ length: 10 }, (_, atMs) => ({ atMs, kind: 'slow virsh', lengthMs: 0 })),
};
const well = {
  offs: MINUTES,
  answers: MINUTES * ASKERS.length,
  strikes: [['x', { drawn: 10, struck: 5 }]] as readonly (readonly [string, StrikeCount])[],
  joined: { joined: 5, answers: 10 },
};

function told(differing: Partial<typeof well>): readonly string[] {
  const { offs, answers, strikes, joined } = { ...well, ...differing };
  const outcome = { count: answers, words: '' };
  const requests = {
    offsOfLiving: new Map([['chaos-one' as const, offs]]),
    outcomes: new Map([
      ['monitor: exit 0', outcome],
      ['ping: exit 0', outcome],
    ]),
  };
  return tooFew(schedule, requests, new Map(strikes), joined);
}

test('a run that has tried enough is told nothing, and one with too little of anything is', () => {
  assert.deepEqual(told({}), []);
  assert.equal(told({ offs: MINUTES - 1 }).length, 1);
  assert.equal(told({ answers: MINUTES * ASKERS.length - 1 }).length, 2);
  assert.equal(told({ strikes: [['x', { drawn: 10, struck: 4 }]] }).length, 1);
  assert.equal(told({ joined: { joined: 4, answers: 10 } }).length, 1);
});

test('a kind of fault that never takes effect is told by its name', () => {
  const others = ['y', { drawn: 6, struck: 5 }] as const;
  assert.deepEqual(told({ strikes: [['x', { drawn: 3, struck: 0 }], others] }), []);
  assert.match(told({ strikes: [['x', { drawn: 4, struck: 0 }], others] }).join(), /4 times "x"/);
});
