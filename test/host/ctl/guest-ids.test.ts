import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { domainOfResource, resourceId } from '../../../host/ctl/definition/guest-ids.ts';

test('ordinary names are kept in ids', () => {
  assert.equal(resourceId('guest1'), 'prmVMCTL_guest1');
  assert.equal(resourceId('web_1.a-b'), 'prmVMCTL_web_1.a-b');
  assert.equal(domainOfResource('prmVMCTL_web_x1_y'), 'web_x1_y');
});

test('any name has an id that every tool takes, which no other name has, and the name is read back from it', () => {
  const name = fc.oneof(
    fc.string({ unit: 'binary', minLength: 1 }),
    fc.string({ unit: fc.constantFrom('_', 'x', '0', '2', 'F', ' ', '日'), minLength: 1 }),
  );
  fc.assert(
    fc.property(name, (domain) => {
      const id = resourceId(domain);
      assert.match(id, /^prmVMCTL_[-.\w]+$/);
      assert.equal(domainOfResource(id), domain);
    }),
    { numRuns: 2000 },
  );
});

test('a resource that vm-ctl has not made is no guest of it', () => {
  for (const id of ['prmVMCTL_', 'vm-guest1', 'xprmVMCTL_a']) assert.equal(domainOfResource(id), undefined);
});
