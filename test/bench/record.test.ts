import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseRecord } from './record.ts';
import { SAMPLE } from './sample-record.ts';

const stored = (): unknown => JSON.parse(JSON.stringify(SAMPLE));

test('a record that was written is read as it was', () => {
  assert.deepEqual(parseRecord('sample.json', stored()), SAMPLE);
});

test('a record that lacks something is refused, with the file and the place', () => {
  const broken = { ...SAMPLE, rows: [{ ...SAMPLE.rows[0], unit: 'parsec' }] };
  assert.throws(() => parseRecord('x.json', broken), /x\.json: rows\[0\]\.unit is not ms or/);
  assert.throws(() => parseRecord('x.json', { ...SAMPLE, machine: 1 }), /x\.json: machine is not an object/);
  assert.throws(() => parseRecord('x.json', []), /x\.json: name is not text/);
});
