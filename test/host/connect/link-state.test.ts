import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type LinkEffect,
  type LinkEvent,
  type LinkMode,
  type LinkState,
  stepLink,
} from '../../../host/connect/link/link-state.ts';

type Row = readonly [LinkState, LinkEvent, LinkState, ...LinkEffect[]];

/** What is not here changes nothing and does nothing. */
const BOTH: readonly Row[] = [
  ['absent', 'poked', 'connecting', 'reset-delays', 'open'],
  ['absent', 'due', 'connecting', 'open'],
  ['connecting', 'opened', 'mute', 'greet'],
  ['connecting', 'listens', 'listening', 'reset-delays'],
  ['connecting', 'failed', 'absent', 'retry-later'],
  ['connecting', 'poked', 'connecting', 'reset-delays'],
  ['listening', 'opened', 'mute', 'greet'],
  ['mute', 'hello', 'up-v2', 'reset-delays'],
  ['mute', 'v1-frame', 'up-v1', 'reset-delays'],
  ['up-v1', 'hello', 'up-v2', 'reset-delays'],
  ['up-v1', 'v1-frame', 'up-v1', 'reset-delays'],
  ['up-v2', 'hello', 'up-v2', 'reset-delays'],
  ['up-v2', 'v1-frame', 'up-v1', 'reset-delays'],
];

const OPEN: readonly LinkState[] = ['mute', 'up-v1', 'up-v2'];

const TABLE: Readonly<Record<LinkMode, readonly Row[]>> = {
  bind: [
    ...BOTH,
    ...OPEN.map((state): Row => [state, 'closed', 'absent', 'retry-later']),
    ...OPEN.map((state): Row => [state, 'garbage', 'penalty', 'close', 'penalise']),
    ['penalty', 'due', 'connecting', 'open'],
  ],
  connect: [
    ...BOTH,
    ...OPEN.map((state): Row => [state, 'closed', 'listening']),
    ...OPEN.map((state): Row => [state, 'garbage', 'penalty', 'hold', 'penalise']),
    ['penalty', 'due', 'mute', 'release', 'greet'],
    ['penalty', 'closed', 'listening', 'end-penalty'],
  ],
};

const STATES: readonly LinkState[] = ['absent', 'connecting', 'listening', ...OPEN, 'penalty'];
const EVENTS: readonly LinkEvent[] = [
  'poked',
  'due',
  'opened',
  'listens',
  'failed',
  'hello',
  'v1-frame',
  'closed',
  'garbage',
];

for (const mode of ['bind', 'connect'] as const) {
  test(`every event in every state of a link with mode='${mode}'`, () => {
    for (const state of STATES) {
      for (const event of EVENTS) {
        const row = TABLE[mode].find(([from, on]) => from === state && on === event);
        const [, , next, ...effects] = row ?? [state, event, state];
        assert.deepEqual(stepLink(mode, state, event), { state: next, effects }, `${state} --${event}-->`);
      }
    }
  });
}

test('from every state there is a way to up, whatever happened', () => {
  const wayUp: readonly LinkEvent[] = ['due', 'failed', 'due', 'listens', 'opened', 'hello'];
  for (const mode of ['bind', 'connect'] as const) {
    for (const state of STATES) {
      const end = wayUp.reduce((now, event) => stepLink(mode, now, event).state, state);
      assert.equal(end, 'up-v2', `${mode} ${state}`);
    }
  }
});

test('a poke does not shorten a penalty', () => {
  for (const mode of ['bind', 'connect'] as const) {
    assert.deepEqual(stepLink(mode, 'penalty', 'poked'), { state: 'penalty', effects: [] });
  }
});
