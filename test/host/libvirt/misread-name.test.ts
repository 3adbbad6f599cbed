import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isMisreadName } from '../../../host/libvirt/misread-name.ts';
import { MISREAD_NAMES, PLAIN_NAMES } from '../../support/misread-names.ts';

test('a name is misread that could be an id, a UUID, an option or several words, and no other', () => {
  for (const [name] of MISREAD_NAMES) assert.ok(isMisreadName(name), name);
  for (const name of PLAIN_NAMES) assert.ok(!isMisreadName(name), name);
});
