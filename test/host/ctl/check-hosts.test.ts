/** What `check` finds between hosts, and that a host that could not be asked is a finding. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AskedHost, clockOff } from '../../../host/ctl/check/ask-hosts.ts';
import {
  type GuestFacts,
  type HostFacts,
  hostFactsJson,
  NOTHING,
  readHostFacts,
  told,
  untold,
} from '../../../host/ctl/check/host-facts.ts';
import { haveSameCpu, hostFindings } from '../../../host/ctl/check/host-findings.ts';
import { guestsIn } from '../../../host/ctl/cluster/guests.ts';
import { parseXml } from '../../../host/xml/parse-xml.ts';

const document =
  parseXml(`<cib><configuration><resources><primitive id="prmVMCTL_guest1" class="ocf" type="VirtualDomain"/>
</resources><constraints/></configuration></cib>`);
assert.ok(document.ok);
const guests = guestsIn(document.root);

const guest = (differing: Partial<GuestFacts> = {}): GuestFacts => ({
  xml: told('same'),
  disks: new Map([['/dev/vg/guest1', told('uuid 1')]]),
  cpu: NOTHING,
  autostart: told('no'),
  savedMemory: told('no'),
  link: undefined,
  ...differing,
});

const facts = (node: string, own: GuestFacts | undefined, differing: Partial<HostFacts> = {}): HostFacts => ({
  node,
  wallMs: 1_000,
  guests: new Map(own === undefined ? [] : [['prmVMCTL_guest1', own]]),
  cpu: told('intel'),
  connectd: told('up'),
  stonithd: told('registered'),
  worker: undefined,
  ...differing,
});

const keys = (...values: readonly string[]) =>
  new Map(values.map((value, index) => [['hosta', 'hostb'][index] ?? '', value] as const));

function found(hosts: readonly (HostFacts | string)[], told_ = keys('k', 'k')): readonly string[] {
  const asked = hosts.map(
    (host): AskedHost =>
      typeof host === 'string'
        ? { node: 'hostb', ok: false, fault: host }
        : { node: host.node, ok: true, facts: host, clockOffMs: 0 },
  );
  return hostFindings({ guests, hosts: asked, online: ['hosta', 'hostb'], keys: told_ }).map(
    ({ key }) => key,
  );
}

test('hosts that are alike have no finding', () => {
  assert.deepEqual(found([facts('hosta', guest({ link: told('up') })), facts('hostb', guest())]), []);
});

test('each difference between hosts is a finding of its own', () => {
  const good = facts('hosta', guest());
  assert.deepEqual(found([good, facts('hostb', guest({ xml: told('other') }))]), ['xml-differs']);
  assert.deepEqual(found([good, facts('hostb', guest({ xml: untold('ENOENT') }))]), [
    'domain-file-unusable-on',
  ]);
  const disk = (one: ReturnType<typeof told>) => guest({ disks: new Map([['/dev/vg/guest1', one]]) });
  assert.deepEqual(found([good, facts('hostb', disk(told('uuid 2')))]), ['disk-not-shared']);
  assert.deepEqual(found([good, facts('hostb', disk(untold('ENOENT')))]), ['disk-unusable-on']);
  assert.deepEqual(found([good, facts('hostb', guest({ cpu: told('unfit') }))]), ['cpu-unfit']);
  assert.deepEqual(found([good, facts('hostb', guest({ cpu: untold('away') }))]), ['cpu-unchecked']);
  assert.deepEqual(found([good, facts('hostb', guest({ link: untold('mute') }))]), ['link-down']);
  assert.deepEqual(found([good, facts('hostb', guest({ autostart: told('yes') }))]), ['autostart-on']);
  assert.deepEqual(found([good, facts('hostb', guest({ autostart: untold('away') }))]), [
    'autostart-unchecked',
  ]);
  assert.deepEqual(found([good, facts('hostb', guest({ savedMemory: told('yes') }))]), ['saved-memory']);
  assert.deepEqual(found([good, facts('hostb', guest({ savedMemory: untold('away') }))]), [
    'saved-memory-unchecked',
  ]);
  assert.deepEqual(found([good, facts('hostb', guest())], keys('k', 'l')), ['keys-differ']);
  assert.deepEqual(found([good, facts('hostb', guest())], keys('k')), ['keys-unknown']);
  const down = { connectd: untold('nobody'), stonithd: untold('nobody') };
  assert.deepEqual(found([good, facts('hostb', guest(), down)]), ['connectd-down', 'stonithd-down']);
});

test('a clock that is off by more than the way took is a finding', () => {
  assert.equal(clockOff(1_500, 1_000, 2_000), 0);
  assert.equal(clockOff(9_000, 1_000, 2_000), 7_000);
  assert.equal(clockOff(-5_000, 1_000, 2_000), -6_000);
  assert.equal(clockOff(undefined, 1_000, 2_000), 0);
  const off = (clockOffMs: number) => {
    const hosts = [{ node: 'hostb', ok: true as const, facts: facts('hostb', guest()), clockOffMs }];
    return hostFindings({ guests, hosts, online: [], keys: keys() }).map(({ key }) => key);
  };
  assert.deepEqual([off(2_000), off(-3_000)], [[], ['clock-differs']]);
});

test('what could not be asked is a finding, never passed over as good', () => {
  const good = facts('hosta', guest());
  assert.deepEqual(found([good, 'Permission denied (publickey).']), ['host-unchecked']);
  assert.deepEqual(found([good, facts('hostb', undefined)]), ['guest-unchecked']);
  const asked = [{ node: 'hosta', ok: true as const, facts: good, clockOffMs: 0 }];
  const unknown = hostFindings({ guests, hosts: asked, online: ['hosta'], keys: { fault: 'away' } });
  assert.deepEqual(
    unknown.map(({ key }) => key),
    ['keys-unchecked'],
  );
  assert.equal(haveSameCpu([...asked, { node: 'hostb', ok: false, fault: 'x' }]), false);
  assert.equal(haveSameCpu(asked), true);
});

test('what a host tells comes over as it was told, and rubbish as nothing', () => {
  const all = facts('hosta', guest({ link: untold('mute'), cpu: told('fit') }), {
    worker: { pid: 7, command: 'vm-ctl resource move guest1' },
  });
  assert.deepEqual(readHostFacts(JSON.parse(JSON.stringify(hostFactsJson(all)))), all);
  for (const rubbish of [null, 1, [], {}, { version: 2, node: 'a' }, { version: 1, node: 3 }]) {
    assert.equal(readHostFacts(rubbish), undefined);
  }
});
