/** Laws of the demo's timeline, and of the picture that is made of it. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { parseXml } from '../../host/xml/parse-xml.ts';
import { childrenNamed } from '../../host/xml/xml-element.ts';
import { picture } from './picture.ts';
import { Timeline, WIDTH } from './timeline.ts';

const LONG = `vm-ctl ${'resource add '.repeat(20)}`;

/** What is written where nobody sits at a terminal. */
function told(t: TestContext): string[] {
  const lines: string[] = [];
  t.mock.method(console, 'log', (text: string) => lines.push(...text.split('\n')));
  return lines;
}

async function story(): Promise<Timeline> {
  const timeline = new Timeline();
  timeline.act('An act');
  await timeline.step(LONG, async () => `${LONG}\n\nlast <words> & "quotes"\n`);
  timeline.stage('a moment of it', 1_234.4);
  return timeline;
}

test('in a log it fits its width, has no colour, and every step is there with what it said', async (t) => {
  const lines = told(t);
  await story();
  for (const line of lines) assert.ok(line.length <= WIDTH && !/[\u0000-\u001f]/.test(line), line);
  const text = lines.join('\n');
  assert.match(text, /^An act$/m);
  assert.match(text, /last <words> & "quotes"/);
  assert.match(text, /1234 ms {2}a moment of it/);
  for (const word of ['resource', 'add'])
    assert.equal(text.match(new RegExp(`\\b${word}\\b`, 'g'))?.length, 40);
});

test('a step that fails is told, and its error is the caller’s', async (t) => {
  const lines = told(t);
  const failing = new Timeline().step('what goes wrong', () => Promise.reject(new Error('the cause')));
  await assert.rejects(failing, /the cause/);
  assert.match(lines.join('\n'), /what goes wrong.*\n +failed$/);
});

test('the picture is XML that shows the same words', async (t) => {
  told(t);
  const timeline = await story();
  const xml = picture(timeline.entries);
  const parsed = parseXml(xml);
  assert.ok(parsed.ok);
  assert.equal(parsed.root.name, 'svg');
  assert.ok(childrenNamed(parsed.root, 'text').length >= timeline.entries.length);
  assert.match(xml, /last &lt;words&gt; &amp; "quotes"/);
});
