/** What a guest's frames ask of its host, in both versions, and the answers that go back in version 1. */
import { type Call, type Meaning, meaningOf } from '../../../host/connect/router/call.ts';
import { handOver } from '../../../host/connect/router/job.ts';
import { jobOf } from '../../../host/connect/router/job-of.ts';
import { readV1Call, writeV1Answer } from '../../../host/connect/router/v1-requests.ts';
import { type Frame, FrameDecoder } from '../../../shared/protocol/frame-decoder.ts';
import { type Answer, MAX_DEADLINE_MS, type Message } from '../../../shared/protocol/message.ts';
import { type V1Frame, writeV1Frame } from '../../../shared/protocol/v1-frame.ts';
import { type Family, law, lawfulWords, same } from '../family.ts';
import { JSON_WORDS, MESSAGE_BYTES, V1_FRAMES, v1Bytes } from './samples.ts';

const GUEST = 'guest1';
const newId = () => 'NEW';

export const guestCalls: Family = {
  name: 'guest-calls',
  seeds: () => [
    ...V1_FRAMES.map(v1Bytes),
    v1Bytes({ type: 1, id: 'stonith-1', client: 1, text: 'timeout' }),
    v1Bytes({ type: 1, id: '', client: 2, text: 'reset TOKEN' }),
    v1Bytes({ type: 0, id: 'an id of/blanks', client: 3, text: '' }),
    ...MESSAGE_BYTES,
  ],
  words: [
    ...JSON_WORDS,
    ...V1_FRAMES.map(v1Bytes),
    ...['timeout', 'timeout ', 'stonith-1', ' ', '/', '\0', '\0\0\0\0', '\u0001\0\0\0', '\u0002\0\0\0', '\n'],
    ...['"guest":"other"', '"uuid":"u"', '"protocol":1', '"service":"stonith"', 'v1:', 'off '],
  ],
  usualBytes: 500,
  longestBytes: 50_000,
  check(input) {
    const decoder = new FrameDecoder(lawfulMeaning);
    decoder.push(input);
  },
};

function lawfulMeaning(frame: Frame): void {
  const meaning = meaningOf(GUEST, frame, newId);
  switch (frame.kind) {
    case 'v1':
      lawfulV1(frame.frame, meaning);
      break;
    case 'message':
      lawfulMessage(frame.message, meaning);
      break;
    case 'bad-message':
      law(meaning.kind === 'bad' && meaning.id === frame.id, 'a bad message means something', meaning);
      lawfulWords(meaning.fault, 'the fault of a message');
      break;
    case 'unknown-type':
      law(meaning.kind === 'unexpected', 'an unknown type means something', meaning);
  }
  if (meaning.kind === 'call') lawfulCall(meaning.call);
}

/** Whatever a guest says of itself, the host knows it by its socket; and what it asks for is handed on letter by letter. */
function lawfulCall(call: Call): void {
  law(call.guest === GUEST, 'a guest asks as another', call);
  law(/^[A-Za-z0-9._:-]{1,63}$/.test(call.id), 'an id that services do not know', call);
  law(call.deadlineMs > 0 && call.deadlineMs <= MAX_DEADLINE_MS, 'a deadline out of bounds', call);
  const { id, service, text, detail, guest, uuid } = handOver(jobOf(call, 'uuid', 5), 5);
  same(
    [id, service, text, guest, uuid],
    [call.id, call.service, call.text, GUEST, 'uuid'],
    'handed on changed',
  );
  same(detail, call.detail, 'its detail is handed on changed');
}

function lawfulV1(frame: V1Frame, meaning: Meaning): void {
  const { type, id, client, text } = frame;
  if (type > 1) {
    law(meaning.kind === 'unexpected', 'a guest may say what only hosts say', frame, meaning);
    return;
  }
  if (type === 1 && text === 'timeout') {
    law(meaning.kind === 'cancel', 'it is not called off', frame, meaning);
    // What calls off one that was asked under the same id has to find it.
    if (id !== '') same(meaning.id, idOf({ ...frame, text: 'off X' }), 'another one is called off');
    return;
  }
  law(meaning.kind === 'call', 'a request is none', frame, meaning);
  const { call } = meaning;
  same(call.v1, { type, id, client }, 'the answer goes to another client');
  same([call.service, call.text], [type === 1 ? 'stonith' : 'monitor', text], 'it asks for something else');
  law(call.detail === undefined, 'a detail from nowhere', call);
  lawfulId(id, call.id);
  for (const answer of answersWith(text)) lawfulAnswer(frame, answer);
}

/** An id that services know stays; of any other there is always the same one, and of no two the same. */
function lawfulId(id: string, made: string): void {
  if (id === '') same(made, 'v1:NEW', 'without an id it has an old one');
  else if (/^[A-Za-z0-9._:-]+$/.test(id)) same(made, id, 'its id is changed');
  else {
    law(/^v1:[0-9a-f]{32}$/.test(made), 'an id of another form', made);
    law(made !== idOf({ type: 1, id: `${id.slice(0, -1)}~~`, client: 1, text: '' }), 'two have one id', id);
  }
}

function idOf(frame: V1Frame): string | undefined {
  const call = readV1Call(frame, newId);
  return call.kind === 'unexpected' ? undefined : call.id;
}

const answersWith = (text: string): readonly Answer[] => [
  { text },
  { error: { code: 'host-away', message: text, retry: true } },
  { error: { code: 'denied', message: text, retry: false } },
];

/** What its asker reads is the text, NG for what has failed for good, or to ask again: never OK for an error. */
function lawfulAnswer({ type, id, client }: V1Frame, answer: Answer): void {
  const written = writeV1Answer({ type, id, client }, answer);
  same([written.id, written.client], [id, client], 'the answer is for another one');
  const asksAgain = written.type === 3 && written.text === '';
  if ('error' in answer) {
    const isFinal = type === 1 && !answer.error.retry;
    const isNo = written.type === type && written.text === 'NG';
    law(isFinal ? isNo : asksAgain, 'an error is told as something else', answer, written);
  } else {
    const isTold = written.type === type && written.text === answer.text;
    law(isTold || (asksAgain && Buffer.byteLength(answer.text) > 8_192), 'an answer is changed', written);
  }
  law(writeV1Frame(written) !== undefined, 'an answer that fits into no frame', written);
}

const MEANINGS: Readonly<Record<Message['type'], Meaning['kind']>> = {
  request: 'call',
  cancel: 'cancel',
  hello: 'hello',
  ping: 'ping',
  pong: 'nothing',
  error: 'nothing',
  reply: 'unexpected',
  services: 'unexpected',
  register: 'unexpected',
  registered: 'unexpected',
};

function lawfulMessage(message: Message, meaning: Meaning): void {
  law(meaning.kind === MEANINGS[message.type], 'it means something else', message, meaning);
  if (meaning.kind === 'call' && message.type === 'request') {
    const { call } = meaning;
    law(call.v1 === undefined, 'it came in version 1', call);
    const { id, service, text, detail, deadlineMs } = message;
    same(
      [call.id, call.service, call.text, call.detail, call.deadlineMs],
      [id, service, text, detail, deadlineMs],
      'it asks for something else',
    );
  }
  if (meaning.kind === 'cancel' && message.type === 'cancel')
    same(meaning.id, message.id, 'another one is called off');
  if (meaning.kind === 'ping' && message.type === 'ping')
    same(meaning.nonce, message.nonce, 'another ping is answered');
}
