/** Samples that several families begin with. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseXml } from '../../../host/xml/parse-xml.ts';
import { printXml } from '../../../host/xml/print-xml.ts';
import { withChildren, type XmlElement } from '../../../host/xml/xml-element.ts';
import { encodeMessage } from '../../../shared/protocol/encode-message.ts';
import type { Message } from '../../../shared/protocol/message.ts';
import { type V1Frame, writeV1Frame } from '../../../shared/protocol/v1-frame.ts';

export const MESSAGES: readonly Message[] = [
  { type: 'hello', version: 2, agent: 'vm-connectd 2', session: 'a1b2', boot: 'b', name: 'guest1' },
  {
    type: 'hello',
    version: 2,
    agent: 'x',
    session: 's',
    host: 'h',
    guest: 'g',
    services: ['stonith'],
    role: 'host',
  },
  {
    type: 'request',
    id: 'id-1',
    service: 'stonith',
    text: 'off TOKEN',
    deadlineMs: 60_000,
    detail: [1, null],
  },
  {
    type: 'request',
    id: 'x',
    service: 'monitor',
    text: 'a b',
    deadlineMs: 1,
    guest: 'other',
    uuid: 'u',
    protocol: 2,
  },
  {
    type: 'request',
    id: 'y',
    service: 'agent',
    text: 'status',
    deadlineMs: 5,
    reply: false,
    impatient: true,
  },
  { type: 'reply', id: 'id-1', text: 'OK', detail: { result: 'confirmed', state: 'off' } },
  { type: 'reply', id: 'id-1', error: { code: 'deadline', message: 'too late', retry: false }, guest: 'g' },
  { type: 'cancel', id: 'id-1' },
  { type: 'services', services: ['stonith', 'monitor'] },
  { type: 'ping', nonce: 1 },
  { type: 'register', service: 'stonith' },
  { type: 'error', code: 'bad-request', message: 'no' },
];

export const MESSAGE_BYTES: readonly Buffer[] = MESSAGES.map(
  (message) => encodeMessage(message) ?? Buffer.alloc(0),
);

export const V1_FRAMES: readonly V1Frame[] = [
  { type: 1, id: 'stonith-1', client: 1, text: 'off TOKEN' },
  { type: 0, id: 'a', client: -1, text: 'default_ping_set diskcheck_status' },
  { type: 3, id: 'stonith-1', client: 1, text: '' },
];

export const v1Bytes = (frame: V1Frame): Buffer => writeV1Frame(frame) ?? Buffer.alloc(0);

export const JSON_WORDS: readonly string[] = [
  ...[
    '"type":',
    '"id":',
    '"text":',
    '"detail":',
    '"guest":',
    '"services":',
    '"error":',
    '"deadlineMs":',
    '"nonce":',
  ],
  ...[
    '"__proto__":',
    '"constructor":',
    '"toString"',
    '"length":',
    'null',
    'true',
    'false',
    '[]',
    '{}',
    '[[[[',
    '{"a":',
  ],
  ...[
    '"\\ud800"',
    '"\\u0000"',
    '"\\u001b[2J"',
    '\u009b',
    '\u2028',
    '\n',
    ',',
    ':',
    '}\n{',
    '1e999',
    '-0',
    '"confirmed"',
  ],
];

export const XML_WORDS: readonly string[] = [
  ...[
    '<',
    '>',
    '/>',
    '</',
    '<!--',
    '-->',
    '<![CDATA[',
    ']]>',
    '<?',
    '?>',
    '<!DOCTYPE a [<!ENTITY b "c">]>',
    '&amp;',
    '&lt;',
  ],
  ...[
    '&#0;',
    '&#x1b;',
    '&#133;',
    '&#x10ffff;',
    '&b;',
    '&#xd800;',
    '="',
    "'",
    '"',
    ' id="',
    ' name="',
    ' value="',
    ' xmlns="',
  ],
  ...[
    '<a>',
    '</a>',
    '<a/>',
    '\u0085',
    '\u2028',
    '\ufeff',
    '\ufffe',
    '\u001b',
    'constructor="1"',
    '__proto__="1"',
    ' xml:space="preserve"',
  ],
];

const RECORDED = join(import.meta.dirname, '../../support/recorded');

/** A recorded document with of each kind of element a few: what is kept of it is about as telling, and far quicker to read. */
export function smaller(file: string, mostAlike: number): string {
  const document = parseXml(readFileSync(join(RECORDED, file), 'utf8'));
  if (!document.ok) throw new Error(`${file} is no XML: ${document.fault}`);
  return printXml(thinned(document.root, mostAlike)).replace(/\n */g, '');
}

function thinned(element: XmlElement, mostAlike: number): XmlElement {
  const counts = new Map<string, number>();
  const kept = element.children.filter(({ name }) => {
    counts.set(name, (counts.get(name) ?? 0) + 1);
    return (counts.get(name) ?? 0) <= mostAlike;
  });
  return withChildren(
    element,
    kept.map((child) => thinned(child, mostAlike)),
  );
}

export const recorded = (file: string): string => readFileSync(join(RECORDED, file), 'utf8');
