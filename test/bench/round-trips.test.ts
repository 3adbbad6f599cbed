import assert from 'node:assert/strict';
import { Duplex } from 'node:stream';
import { test } from 'node:test';
import { QUESTIONS, roundTrips } from './round-trips.ts';

/** Gives every line to `answer`, whose lines come back. */
function answering(answer: (line: string) => string): Duplex {
  return new Duplex({
    read() {},
    write(bytes: Buffer, _encoding, done) {
      for (const line of String(bytes).split('\n').filter(Boolean)) this.push(answer(line));
      done();
    },
  });
}

test('each question is timed once, and those that warm up are not told', async () => {
  let asked = 0;
  const stream = answering((line) => {
    asked++;
    return `${line}\n`;
  });
  const asking = { warmUp: 5, count: 20, outstanding: 4, question: QUESTIONS.requestEchoed };
  const { timesMs } = await roundTrips(stream, asking);
  assert.equal(timesMs.length, 20);
  assert.equal(asked, 25);
});

test('what is left from others is no answer', async () => {
  const stream = answering((line) => `${QUESTIONS.requestEchoed.line(7000)}\n\n${line}\n`);
  const asking = { warmUp: 0, count: 3, outstanding: 1, question: QUESTIONS.requestEchoed };
  assert.equal((await roundTrips(stream, asking)).timesMs.length, 3);
});

test('a reply with an error is no answer', () => {
  const reply = `"type":"reply","id":"bench-${process.pid}-7"`;
  assert.ok(QUESTIONS.request.isAnswer(`{${reply},"text":"pong"}`, 7));
  const error = '"error":{"code":"refused","message":"no \\"text\\":","retry":false}';
  assert.ok(!QUESTIONS.request.isAnswer(`{${reply},${error}}`, 7));
});

test('a connection that ends before the last answer is an error, not a figure', async () => {
  const stream = answering(() => '');
  setImmediate(() => stream.destroy());
  const asking = { warmUp: 0, count: 1, outstanding: 1, question: QUESTIONS.requestEchoed };
  await assert.rejects(roundTrips(stream, asking), /the connection ended after 0 of 1/);
  await assert.rejects(roundTrips(stream, asking), /the connection ended after 0 of 1/, 'nor later');
});
