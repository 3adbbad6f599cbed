import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseXml } from '../../../host/xml/parse-xml.ts';
import { isXmlText, printXml } from '../../../host/xml/print-xml.ts';
import {
  childrenNamed,
  descendantsNamed,
  elementAt,
  withAttributes,
  withChildren,
  type XmlElement,
  xmlElement,
} from '../../../host/xml/xml-element.ts';

const HOSTILE = [
  `a b`,
  `"'<>&`,
  `-x`,
  `line\nline`,
  `tab\tcr\r`,
  `]]>`,
  `&amp;`,
  `ゲスト`,
  `é&"`,
  `\u{1f600}`,
];

const xmlText = fc
  .string({
    unit: fc.oneof(fc.constantFrom(...`<>&"'\t\n\r ]`), fc.string({ unit: 'binary', maxLength: 1 })),
  })
  .filter(isXmlText);
const name = fc
  .tuple(
    fc.constantFrom(...'abZ_:éゲ'),
    fc.string({ unit: fc.constantFrom(...'ab0-._:é\u00b7'), maxLength: 6 }),
  )
  .map((parts) => parts.join(''));
const names = fc.oneof(name, fc.constantFrom('constructor', '__proto__', 'toString'));
const attributes = fc
  .array(fc.tuple(names, xmlText), { maxLength: 4 })
  .map((pairs) => Object.fromEntries(pairs));

const { tree } = fc.letrec<{ tree: XmlElement }>((tie) => ({
  tree: fc.oneof(
    { depthSize: 'small' },
    fc.tuple(names, attributes, xmlText).map(([tag, own, text]) => xmlElement(tag, own, [], text)),
    fc
      .tuple(names, attributes, fc.array(tie('tree'), { minLength: 1, maxLength: 4 }), xmlText)
      // White space alone beside elements is layout, not text.
      .map(([tag, own, children, text]) => xmlElement(tag, own, children, text.trim() === '' ? '' : text)),
  ),
}));

function parsed(document: string): XmlElement {
  const result = parseXml(document);
  assert.ok(result.ok, result.ok ? '' : result.fault);
  return result.root;
}

const faultOf = (document: string, limits = {}) => {
  const result = parseXml(document, limits);
  assert.ok(!result.ok, `read as ${JSON.stringify(result)}`);
  return result.fault;
};

test('what is printed reads back as the same tree', () => {
  fc.assert(
    fc.property(tree, (wanted) => {
      assert.deepEqual(parsed(printXml(wanted)), wanted);
    }),
    { numRuns: 500 },
  );
});

test('hostile names survive as data in attributes and in texts', () => {
  for (const hostile of HOSTILE) {
    const wanted = xmlElement('name', { id: hostile }, [], hostile);
    assert.deepEqual(parsed(printXml(wanted)), wanted);
  }
});

test('no text crashes the parser', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => void parseXml(text)));
  const markup = fc.constantFrom(
    '<',
    '</',
    '>',
    '/>',
    'a',
    '="',
    '"',
    '&',
    ';',
    '<![CDATA[',
    ']]>',
    '<?',
    '<!--',
    ' ',
  );
  fc.assert(
    fc.property(
      fc.array(markup).map((parts) => parts.join('')),
      (text) => void parseXml(text),
    ),
    {
      numRuns: 2000,
    },
  );
});

test('a document that breaks off anywhere is a fault, never a smaller tree', () => {
  const whole = printXml(
    xmlElement('a', { x: '1' }, [xmlElement('b', {}, [], 'text'), xmlElement('c')]),
  ).trimEnd();
  for (let length = 0; length < whole.length; length++) faultOf(whole.slice(0, length));
});

test('what is not well-formed, declares entities, or is too large or deep is a fault that says so', () => {
  assert.match(faultOf(''), /empty/);
  assert.match(faultOf('  \n'), /empty/);
  assert.match(faultOf('<a x="1" x="2"/>'), /duplicate/);
  assert.match(faultOf('<a>&constructor;</a>'), /entity/);
  assert.match(faultOf('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'), /document type/);
  assert.match(faultOf('<!DOCTYPE a><a/>'), /document type/);
  assert.match(faultOf('<a/><b/>'), /1:\d+/);
  assert.match(faultOf('<a><b><c/></b></a>', { maxDepth: 2 }), /nested more than 2/);
  assert.match(faultOf('<a/>', { maxCharacters: 3 }), /more than 3 characters/);
  assert.match(faultOf('<a>'.repeat(100_000)), /nested/);
});

test('comments, processing instructions and layout are dropped, CDATA is text', () => {
  const root = parsed(
    `<?xml version="1.0"?>\n<!-- x --><a>\n  <b><![CDATA[<x>]]>&lt;</b>\n <!-- y --> <?z q?></a>`,
  );
  assert.deepEqual(root, xmlElement('a', {}, [xmlElement('b', {}, [], '<x><')]));
});

test('a character that XML has no form for is refused, not altered', () => {
  for (const text of ['\u0000', '\u001b[1m', '\ud800', '\ufffe']) {
    assert.throws(() => printXml(xmlElement('a', { x: text })), /as XML/);
    assert.throws(() => printXml(xmlElement('a', {}, [], text)), /as XML/);
  }
  for (const bad of ['', 'a b', '1a', 'a="1"', 'a>']) {
    assert.throws(() => printXml(xmlElement(bad)), /no name in XML/);
    assert.throws(() => printXml(xmlElement('a', { [bad]: '' })), /no name in XML/);
  }
});

test('elements are found by path and by name', () => {
  const root = parsed('<a><b n="1"><c/></b><b n="2"><d><c n="3"/></d></b></a>');
  assert.equal(elementAt(root, 'b', 'c')?.name, 'c');
  assert.equal(elementAt(root, 'c'), undefined);
  assert.equal(elementAt(root, 'x', 'y'), undefined);
  assert.equal(childrenNamed(root, 'b').length, 2);
  assert.equal([...descendantsNamed(root, 'c', 'd')].length, 3);
});

test('a changed copy leaves the original as it was', () => {
  const root = parsed('<a x="1" y="2"><b/></a>');
  assert.deepEqual(
    withAttributes(root, { x: undefined, z: '3' }).attributes,
    xmlElement('', { y: '2', z: '3' }).attributes,
  );
  assert.deepEqual(withChildren(root, []).children, []);
  assert.deepEqual(parsed(printXml(root)), root);
});
