import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { agentAnswer } from '../../../host/connect/status/agent-answer.ts';
import { hostMetrics } from '../../../host/connect/status/host-metrics.ts';
import {
  type GuestStatus,
  type HostStatus,
  readHostStatus,
} from '../../../host/connect/status/host-status.ts';
import { printHostStatus } from '../../../host/connect/status/print-host-status.ts';
import { encodeMessage } from '../../../shared/protocol/encode-message.ts';

const guest = (name: string, more: Partial<GuestStatus> = {}): GuestStatus => ({
  name,
  state: 'up',
  version: 2,
  forMs: 65_000,
  mode: 'bind',
  path: `/var/lib/libvirt/qemu/${name}`,
  fault: '',
  agent: 'vm-connectd 2.0.0',
  session: 's',
  boot: 'b',
  agentName: name,
  openRequests: 0,
  link: { framesIn: 3, garbageRuns: 0, lost: 1 },
  requests: { requests: 2 },
  errors: { 'service-away': 1 },
  ...more,
});

const status = (guests: readonly GuestStatus[], more: Partial<HostStatus> = {}): HostStatus => ({
  agent: 'vm-connectd 2.0.0',
  host: 'hosta',
  session: 'session',
  pid: 42,
  started: '2026-01-01T00:00:00.000Z',
  sources: {
    pacemaker: { state: 'followed', forMs: 7_300_000, fault: '' },
    libvirt: { state: 'away', forMs: 4_000, fault: 'failed to connect to the hypervisor' },
  },
  services: [
    { name: 'monitor', present: true, openRequests: 0 },
    { name: 'stonith', present: false, openRequests: 2 },
  ],
  counters: {
    requests: { openRequests: 2, answers: 1 },
    local: { connections: 3, accepted: 5 },
    process: { rssBytes: 1e8 },
  },
  problems: ['resource r: cannot read /etc/libvirt/qemu/guest9.xml: there is no such file'],
  guests,
  next: undefined,
  ...more,
});

describe('the text for people', () => {
  test('has 80 columns at most, and says what is wrong in words', () => {
    const text = printHostStatus(
      status([
        guest('guest1'),
        guest('a-guest-with-a-name-that-is-longer-than-most', {
          state: 'refused',
          version: 0,
          forMs: -1,
          fault: 'guest1 and guest2 have the same socket /s; give each a path of its own',
        }),
        guest('guest3', { state: 'mute', version: 0, link: { garbageRuns: 4, penalties: 2 } }),
      ]),
    );
    for (const line of text.split('\n')) assert.ok(line.length <= 80, `${line.length}: ${line}`);
    assert.match(text, /^daemon {5}vm-connectd 2\.0\.0 on hosta, process 42, since$/m);
    assert.match(text, /^libvirt {4}away for 4\.0 s: failed to connect to the hypervisor$/m);
    assert.match(text, /^services {3}monitor$/m);
    assert.match(text, /^guests {5}1 up, 1 refused, 1 mute$/m);
    assert.match(text, /^guest1 +up v2 +65 s +0 +vm-connectd 2\.0\.0 on guest1; links lost: 1$/m);
    assert.match(text, /^guest3 .*no agent has spoken yet; garbage: 4,/m);
    assert.match(text, /^problem {4}resource r: cannot read/m);
  });

  test('shows nothing of a guest that could move the cursor', () => {
    const text = printHostStatus(
      status([guest('guest1', { agent: 'x\u001b[2J\nroot#', agentName: '\u202efoo' })]),
    );
    assert.match(text, /x\?\[2J\?root# on \?foo/);
  });

  test('says what to look at when there is nothing', () => {
    const text = printHostStatus(status([], { services: [], problems: [] }));
    assert.match(text, /none; are vm-stonithd and vm-managerd running\?/);
    assert.match(text, /^guests {5}none is known$/m);
  });
});

describe('the metrics', () => {
  test('are grouped by metric, each with help and type once, and labels are escaped', () => {
    const text = hostMetrics(status([guest('guest1'), guest('odd"\\\nname')]));
    const families = text.match(/^# TYPE (\S+)/gm) ?? [];
    assert.equal(new Set(families).size, families.length);
    assert.match(text, /^pm_kvm_host_guest_up\{guest="guest1"\} 1$/m);
    assert.match(text, /^pm_kvm_host_guest_up\{guest="odd\\"\\\\\\nname"\} 1$/m);
    assert.match(text, /^pm_kvm_host_guest_link_total\{guest="guest1",event="frames_in"\} 3$/m);
    assert.match(text, /^pm_kvm_host_guest_errors_total\{guest="guest1",code="service-away"\} 1$/m);
    assert.match(text, /^pm_kvm_host_source_followed\{source="libvirt"\} 0$/m);
    assert.match(text, /^pm_kvm_host_local_connections 3$/m);
    assert.match(text, /^pm_kvm_host_local_total\{event="accepted"\} 5$/m);
    assert.doesNotMatch(text, /event="connections"/, 'a number that falls is no counter');
    for (const line of text.trimEnd().split('\n')) {
      assert.match(line, /^(# (HELP|TYPE) \w+ .+|\w+(\{(\w+="([^"\\]|\\.)*",?)+\})? -?[\d.e+]+)$/);
    }
    let current = '';
    for (const line of text.split('\n')) {
      const family = /^# TYPE (\S+)/.exec(line)?.[1];
      if (family !== undefined) current = family;
      else if (line !== '' && !line.startsWith('#')) assert.ok(line.startsWith(current), line);
    }
  });
});

describe('the answer of the daemon', () => {
  test('is a status that reads back as it was', () => {
    const whole = status([guest('guest1'), guest('guest2', { state: 'idle' })]);
    const answer = agentAnswer('status', undefined, () => whole);
    assert.ok('detail' in answer && answer.detail !== undefined);
    assert.deepEqual(readHostStatus(JSON.parse(JSON.stringify(answer.detail))), whole);
  });

  test('begins behind the guest that was named', () => {
    const seen: unknown[] = [];
    const report = (page: unknown) => {
      seen.push(page);
      return status([]);
    };
    for (const detail of [undefined, null, 3, [], { after: 5 }, { after: 'guest7' }]) {
      agentAnswer('status', detail, report);
    }
    assert.deepEqual(
      seen.map((page) => typeof page === 'object' && page !== null && 'after' in page && page.after),
      [undefined, undefined, undefined, undefined, undefined, 'guest7'],
    );
  });

  test('has the metrics of few guests, and says how to get those of many', () => {
    const few = agentAnswer('metrics', undefined, () => status([guest('guest1')]));
    assert.match(JSON.stringify(few), /pm_kvm_host_guest_up/);
    const many = Array.from({ length: 1_000 }, (_, number) => guest(`guest${number}`));
    const answer = agentAnswer('metrics', undefined, () => status(many));
    assert.match(JSON.stringify(answer), /--status --prometheus/);
    assert.notEqual(encodeMessage({ type: 'reply', id: 'a', ...answer }), undefined);
  });

  test('is no status of anything else', () => {
    for (const json of [null, 3, 'x', [], {}, { role: 'guest' }])
      assert.equal(readHostStatus(json), undefined);
    assert.deepEqual(readHostStatus({ role: 'host', guests: [3, null, {}] })?.guests.length, 3);
  });
});
