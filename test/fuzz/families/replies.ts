/** What a program reads out of messages that are well-formed: answers of services, the states of daemons, questions of guests. */

import { printStatus } from '../../../guest/connect/print-status.ts';
import { readStatus } from '../../../guest/connect/read-status.ts';
import { judgeList, judgeOperation } from '../../../guest/fence/verdict.ts';
import { readHostStatus } from '../../../host/connect/status/host-status.ts';
import { printHostStatus } from '../../../host/connect/status/print-host-status.ts';
import { hostFactsJson, readHostFacts } from '../../../host/ctl/check/host-facts.ts';
import { questionOf } from '../../../host/manager/monitor-desk.ts';
import { MOST_TOKENS, parseFenceRequest } from '../../../host/stonith/service/parse-request.ts';
import { membersOf } from '../../../shared/protocol/json-members.ts';
import type { Answer, Json } from '../../../shared/protocol/message.ts';
import { parseMessage } from '../../../shared/protocol/parse-message.ts';
import { type Family, law, lawfulWords, same } from '../family.ts';
import { lawfulMessage } from './frames.ts';
import { JSON_WORDS } from './samples.ts';

const HOST_STATUS = {
  role: 'host',
  agent: 'vm-connectd 2',
  host: 'hostA',
  pid: 7,
  started: '2026-01-01T00:00:00Z',
  sources: {
    pacemaker: { state: 'up', forMs: 5, fault: '' },
    libvirt: { state: 'away', forMs: 9, fault: 'x' },
  },
  services: [{ name: 'stonith', present: true, openRequests: 1 }],
  counters: { requests: { openRequests: 1, answers: 2 } },
  problems: ['two guests'],
  guests: [{ name: 'guest1', state: 'up', version: 2, forMs: 100, agent: 'a', link: { lost: 2 } }],
};
const GUEST_STATUS = {
  role: 'guest',
  agent: 'vm-connectd 2',
  pid: 7,
  started: 'x',
  port: { path: '/dev/virtio-ports/vmconnectd', kind: 'virtio', fault: '' },
  link: {
    state: 'up',
    forMs: 9,
    roundTripMs: 1.5,
    lastHost: { session: 's', host: 'h', guest: 'g', services: ['monitor'] },
  },
  requests: { open: 1 },
  counters: { link: { migrations: 3 }, frames: { garbageRuns: 1 } },
};
const HOST_FACTS = {
  version: 1,
  node: 'hostA',
  wallMs: 5,
  cpu: { value: 'x', fault: null },
  worker: { pid: 7, command: 'vm-ctl' },
  guests: { p: { xml: { value: 'd' }, link: null, disks: { '/d': { fault: 'no file' } } } },
};
const replyOf = (detail: Json, text = 'OK') => JSON.stringify({ type: 'reply', id: 'a', text, detail });

export const replies: Family = {
  name: 'replies',
  seeds: () => [
    replyOf({ result: 'confirmed', state: 'off', reason: '' }),
    replyOf({ result: 'failed', state: 'unknown', reason: 'the node hostB is unclean' }, 'NG'),
    replyOf({ states: [{ result: 'confirmed', state: 'on' }, { result: 'denied' }] }),
    replyOf({ values: { a: 'b' } }, 'default_ping_set=green,diskcheck_status='),
    JSON.stringify({ type: 'reply', id: 'a', error: { code: 'host-away', message: 'no host', retry: true } }),
    JSON.stringify({ type: 'request', id: 'a', service: 'stonith', text: 'off pkt2.a.b', deadlineMs: 5 }),
    JSON.stringify({ type: 'request', id: 'a', service: 'stonith', text: 'list A B', deadlineMs: 5 }),
    'off pkt2.a.b',
    ' list A\tB \r\n',
    JSON.stringify(HOST_STATUS),
    JSON.stringify(GUEST_STATUS),
    JSON.stringify(HOST_FACTS),
  ],
  words: [
    ...JSON_WORDS,
    ...[
      '"result":',
      '"state":',
      '"off"',
      '"on"',
      '"denied"',
      '"unknown"',
      '"failed"',
      '"reason":',
      '"states":',
      '"OK"',
      '"NG"',
    ],
    ...[
      '"role":',
      '"host"',
      '"guest"',
      '"guests":',
      '"link":',
      '"counters":',
      '"problems":',
      '"version":',
      '"forMs":',
    ],
    ...[
      'off ',
      'on ',
      'reset ',
      'reboot ',
      'status ',
      'list ',
      'timeout',
      ' ',
      '\t',
      '\\t',
      '\\r\\n',
      '-1',
      '99e99',
    ],
  ],
  usualBytes: 1_000,
  longestBytes: 65_536,
  check(input) {
    const json = jsonOf(input);
    if (json === undefined) {
      lawfulRequest(input.toString('utf8'));
      return;
    }
    lawfulStatus(json);
    lawfulHostFacts(json);
    const parsed = parseMessage(json);
    if (!parsed.ok) {
      if (parsed.kind === 'bad-message') lawfulWords(parsed.fault, 'the fault of a message');
      return;
    }
    const { message } = parsed;
    lawfulMessage(message, input.length);
    if (message.type === 'reply') lawfulVerdicts('error' in message ? { error: message.error } : message);
    if (message.type === 'request') lawfulRequest(message.text);
  },
};

function jsonOf(input: Buffer): Json | undefined {
  try {
    return JSON.parse(input.toString('utf8'));
  } catch {
    return undefined;
  }
}

/** The one that counts: nothing but a confirmed OK, which nothing beside it contradicts, is a success. */
function lawfulVerdicts(answer: Answer): void {
  const isOk = 'text' in answer && answer.text === 'OK';
  const { result, state } = membersOf('text' in answer ? answer.detail : undefined);
  for (const action of ['on', 'off', 'reboot', 'status'] as const) {
    const verdict = judgeOperation(action, answer);
    if (verdict.kind === 'done') {
      law(isOk && result === 'confirmed', `${action} is done by what is no confirmation`, answer);
      law(
        action !== 'off' || state === undefined || state === 'off',
        'off is done with another state',
        answer,
      );
      law(action !== 'on' || state === undefined || state === 'on', 'on is done with another state', answer);
    } else {
      lawfulWords(verdict.fault, 'a fault');
      lawfulWords(verdict.remedy, 'a remedy');
    }
  }
  for (const count of [1, 2]) {
    const listed = judgeList(count, answer);
    if (listed.kind === 'done')
      law(isOk && listed.value.length === count, 'a list of another length', answer);
    else lawfulWords(listed.fault, 'the fault of a list');
  }
}

function lawfulRequest(text: string): void {
  const asked = parseFenceRequest(text);
  if (asked?.kind === 'one') law(/^[^ \t]+$/.test(asked.token), 'a token of several words', asked);
  if (asked?.kind === 'list') law(asked.tokens.length <= MOST_TOKENS, 'a long list', asked.tokens.length);
  const question = questionOf(text, undefined);
  law(question === undefined || question.names.length <= 256, 'many names', question?.names.length);
}

/** What another host tells travels as JSON. */
function lawfulHostFacts(json: Json): void {
  const facts = readHostFacts(json);
  if (facts === undefined) return;
  const told = hostFactsJson(facts);
  const again = readHostFacts(told);
  same(
    again === undefined ? undefined : hostFactsJson(again),
    told,
    'told and read again it is another host',
  );
}

function lawfulStatus(json: Json): void {
  const ofGuest = readStatus(json);
  const ofHost = readHostStatus(json);
  if (ofGuest !== undefined) lawfulPrint(printStatus(ofGuest));
  if (ofHost !== undefined) lawfulPrint(printHostStatus(ofHost));
}

const lawfulPrint = (text: string) =>
  law(!/[^\P{Cc}\n]/u.test(text), 'what is printed has a control character', text);
