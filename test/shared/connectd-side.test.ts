import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sideOf } from '../../shared/connectd-side.ts';

test('every way to say guest means the guest', () => {
  for (const line of [
    '-t guest',
    '-tguest',
    '--type guest',
    '--type=guest',
    '-D -t guest -p /run/x.pid',
    '-Dt guest',
    '-VDtguest',
  ]) {
    assert.equal(sideOf(line.split(' ')), 'guest', line);
  }
});

test('anything else means the host, which explains what is wrong', () => {
  for (const line of [
    '',
    '-t host',
    '-thost',
    '--type=host',
    '-t',
    '--type',
    'guest',
    '-p guest',
    '-t Guest',
    '-ptguest',
  ]) {
    assert.equal(sideOf(line.split(' ')), 'host', line);
  }
});
