import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Answer } from '../../../shared/protocol/message.ts';
import {
  type Asked,
  type GuestRequest,
  type Job,
  SERVICE_LIMITS,
  ServiceJobs,
} from '../../../shared/protocol/service-jobs.ts';

const OK: Answer = { text: 'OK' };

const request = (more: Partial<GuestRequest> = {}): GuestRequest => ({
  type: 'request',
  guest: 'guest1',
  id: 'job',
  service: 'stonith',
  text: 'off',
  deadlineMs: 1_000,
  ...more,
});

function begun(jobs: ServiceJobs, more: Partial<GuestRequest> = {}, nowMs = 0): Job {
  const asked = jobs.ask(request(more), nowMs);
  return asked.kind === 'new' ? asked.job : assert.fail(`it was ${asked.kind}`);
}

const conflictOf = (asked: Asked) => (asked.kind === 'answer' ? errorCode(asked.answer) : asked.kind);

const errorCode = (answer: Answer) => ('error' in answer ? answer.error.code : undefined);

test('a job that is asked again while it is in work is joined, and the later deadline counts', () => {
  const jobs = new ServiceJobs();
  const job = begun(jobs);
  assert.deepEqual(jobs.ask(request({ deadlineMs: 5_000 }), 100), { kind: 'joined' });
  assert.deepEqual(jobs.ask(request({ deadlineMs: 10 }), 200), { kind: 'joined' });
  assert.equal(job.deadlineAtMs, 5_100);
  assert.equal(jobs.inWork, 1);
});

test('the same id is another job for another guest', () => {
  const jobs = new ServiceJobs();
  begun(jobs);
  begun(jobs, { guest: 'guest2' });
  assert.equal(jobs.inWork, 2);
});

test('another domain of the same name gets no answer of the former one, and does not join its jobs', () => {
  const jobs = new ServiceJobs();
  const [former, latter] = ['uuid-1', 'uuid-2'];
  jobs.answered(begun(jobs, { uuid: former }), OK, 0);
  const open = begun(jobs, { id: 'open', uuid: former });
  begun(jobs, { guest: 'guest2', uuid: former });
  assert.deepEqual(jobs.guestIs('guest1', former), []);
  assert.deepEqual(jobs.guestIs('guest1', undefined), [], 'nobody can tell: it is taken for the same');
  assert.equal(jobs.ask(request({ uuid: former }), 1).kind, 'answer');
  assert.deepEqual(jobs.guestIs('guest1', latter), [open]);
  assert.deepEqual([jobs.inWork, jobs.kept], [1, 0]);
  begun(jobs, { uuid: latter });
  begun(jobs, { id: 'open', uuid: latter });
});

test('a domain that is known only later keeps its answers', () => {
  const jobs = new ServiceJobs();
  jobs.answered(begun(jobs), OK, 0);
  assert.deepEqual(jobs.guestIs('guest1', 'uuid-1'), []);
  assert.equal(jobs.ask(request({ uuid: 'uuid-1' }), 1).kind, 'answer');
  jobs.guestIs('guest1', 'uuid-2');
  begun(jobs, { uuid: 'uuid-2' });
});

test('guests whose names hold blanks or ids are not mixed up', () => {
  const jobs = new ServiceJobs();
  begun(jobs, { guest: 'a b', id: 'c' });
  begun(jobs, { guest: 'a', id: 'b' });
  begun(jobs, { guest: 'b', id: 'a' });
  begun(jobs, { guest: 'c a', id: 'b' });
  assert.equal(jobs.inWork, 4);
});

test('the id of a job in work cannot be taken by another question', () => {
  const jobs = new ServiceJobs();
  const job = begun(jobs);
  const asked = jobs.ask(request({ text: 'on' }), 0);
  assert.ok(asked.kind === 'answer' && errorCode(asked.answer) === 'id-conflict');
  assert.ok(jobs.isInWork(job));
});

test('an answer is given again to the same question, and another one under its id is a conflict', () => {
  const jobs = new ServiceJobs();
  const job = begun(jobs);
  jobs.answered(job, OK, 0);
  assert.deepEqual(jobs.ask(request(), 1), { kind: 'answer', answer: OK });
  jobs.given(job);
  assert.deepEqual(jobs.ask(request(), 2), { kind: 'answer', answer: OK });
  assert.equal(conflictOf(jobs.ask(request({ text: 'on' }), 3)), 'id-conflict');
  assert.deepEqual(jobs.ask(request(), 4), { kind: 'answer', answer: OK }, 'which changes nothing');
  begun(jobs, { text: 'on' }, SERVICE_LIMITS.keptForMs);
});

test('the id of a job that was called off or ran out of time is free for the same question only, while it is kept', () => {
  const jobs = new ServiceJobs();
  jobs.cancel(begun(jobs, { id: 'cancelled' }), 0);
  begun(jobs, { id: 'late', deadlineMs: 10 });
  jobs.expire(10);
  for (const id of ['cancelled', 'late']) {
    assert.equal(conflictOf(jobs.ask(request({ id, text: 'on' }), 11)), 'id-conflict');
    begun(jobs, { id }, 12);
  }
  assert.deepEqual([jobs.inWork, jobs.kept], [2, 0]);
  for (const id of ['cancelled', 'late']) jobs.cancel({ guest: 'guest1', id }, 20);
  begun(jobs, { id: 'late', text: 'on' }, 20 + SERVICE_LIMITS.keptForMs);
});

test('an id of version 1 is free for anything as soon as its job has ended', () => {
  const jobs = new ServiceJobs();
  jobs.cancel(begun(jobs, { protocol: 1 }), 0);
  begun(jobs, { protocol: 1, text: 'on' });
  assert.equal(conflictOf(jobs.ask(request({ protocol: 1 }), 0)), 'id-conflict', 'not before');
  jobs.cancel({ guest: 'guest1', id: 'job' }, 0);
  jobs.answered(begun(jobs), OK, 0);
  begun(jobs, { protocol: 1, text: 'on' });
});

test('an answer that says to ask again is kept until it has been given, and no longer', () => {
  const jobs = new ServiceJobs();
  const later: Answer = { error: { code: 'service-busy', message: 'later', retry: true } };
  const job = begun(jobs);
  jobs.answered(job, later, 0);
  assert.deepEqual(jobs.ask(request(), 1), { kind: 'answer', answer: later });
  jobs.given(job);
  begun(jobs, { text: 'on' });
});

test('an old guest gets what it missed, and asks anew under the same id after that', () => {
  const jobs = new ServiceJobs();
  const job = begun(jobs, { protocol: 1 });
  jobs.answered(job, OK, 0);
  assert.deepEqual(jobs.ask(request({ protocol: 1 }), 1), { kind: 'answer', answer: OK });
  jobs.given(job);
  begun(jobs, { protocol: 1 }, 2);
});

test('what is owed is paid in order while there is room, once, and not after the daemon has gone', () => {
  const jobs = new ServiceJobs();
  const answer = (id: string) => {
    const job = begun(jobs, { id });
    jobs.answered(job, OK, 0);
    jobs.owe(job);
  };
  const paid: string[] = [];
  const payWithRoomFor = (room: number) => {
    let left = room;
    jobs.pay(({ id }) => {
      if (left-- > 0) paid.push(id);
      return left >= 0;
    });
  };
  for (const id of ['a', 'b', 'c']) answer(id);
  payWithRoomFor(2);
  assert.deepEqual(paid, ['a', 'b']);
  payWithRoomFor(2);
  payWithRoomFor(2);
  assert.deepEqual(paid, ['a', 'b', 'c']);
  answer('d');
  jobs.oweNothing();
  payWithRoomFor(2);
  assert.deepEqual(paid, ['a', 'b', 'c']);
});

test('an answer is given again until the deadline, its id is taken for longer, and then forgotten', () => {
  const jobs = new ServiceJobs();
  jobs.answered(begun(jobs), OK, 0);
  assert.deepEqual(jobs.ask(request(), 999), { kind: 'answer', answer: OK });
  assert.equal(conflictOf(jobs.ask(request(), 1_000)), 'id-conflict');
  assert.equal(conflictOf(jobs.ask(request(), SERVICE_LIMITS.keptForMs - 1)), 'id-conflict');
  begun(jobs, {}, SERVICE_LIMITS.keptForMs);
});

test('a cancelled job is over: its answer counts no more, and asked again it begins anew', () => {
  const jobs = new ServiceJobs();
  const job = begun(jobs);
  assert.equal(jobs.cancel(job, 0), job);
  assert.equal(jobs.cancel(job, 0), undefined);
  assert.equal(jobs.isInWork(job), false);
  const again = begun(jobs);
  assert.equal(jobs.isInWork(job), false);
  assert.ok(jobs.isInWork(again));
});

test('jobs past their deadline are given up, the others are not', () => {
  const jobs = new ServiceJobs();
  const job = begun(jobs);
  begun(jobs, { id: 'later', deadlineMs: 2_000 });
  assert.deepEqual(jobs.expire(999), []);
  assert.deepEqual(jobs.expire(1_000), [job]);
  assert.equal(jobs.inWork, 1);
});

test('jobs without number are refused with an error that may be asked again', () => {
  const jobs = new ServiceJobs();
  const { jobs: most, guestJobs } = SERVICE_LIMITS;
  for (let index = 0; index < most; index++) {
    begun(jobs, { id: `job-${index}`, guest: `guest${Math.floor(index / guestJobs)}` });
  }
  const asked = jobs.ask(request({ id: 'one-more', guest: 'another' }), 0);
  assert.ok(asked.kind === 'answer' && 'error' in asked.answer && asked.answer.error.retry);
  assert.equal(jobs.inWork, SERVICE_LIMITS.jobs);
});

test('a guest that asks without end is refused its own jobs and forgotten its own answers, and nobody else’s', () => {
  const jobs = new ServiceJobs();
  const quiet = begun(jobs, { guest: 'quiet', id: 'kept' });
  jobs.answered(quiet, OK, 0);
  const long: Answer = { text: 'x'.repeat(10_000) };
  for (let index = 0; index < 10_000; index++) {
    jobs.answered(begun(jobs, { guest: 'loud', id: `done-${index}` }), index % 2 === 0 ? OK : long, 0);
  }
  assert.deepEqual(jobs.ask(request({ guest: 'quiet', id: 'kept' }), 1), { kind: 'answer', answer: OK });
  assert.ok(jobs.kept <= SERVICE_LIMITS.guestAnswers + 1);
  for (let index = 0; index < SERVICE_LIMITS.guestJobs; index++)
    begun(jobs, { guest: 'loud', id: `${index}` });
  const refused = jobs.ask(request({ guest: 'loud', id: 'one-more' }), 1);
  assert.ok(refused.kind === 'answer' && errorCode(refused.answer) === 'service-busy');
  begun(jobs, { guest: 'quiet', id: 'new' });
});

test('what is kept stays within its number, bytes and age, and the newest answers stay longest', () => {
  const step = fc.record({ length: fc.nat({ max: 60_000 }), waitMs: fc.nat({ max: 2_000 }) });
  fc.assert(
    fc.property(fc.array(step, { minLength: 100, maxLength: 3_000 }), (steps) => {
      const jobs = new ServiceJobs();
      let nowMs = 0;
      for (const [index, { length, waitMs }] of steps.entries()) {
        nowMs += waitMs;
        jobs.answered(begun(jobs, { id: `${index}` }, nowMs), { text: 'x'.repeat(length) }, nowMs);
        assert.ok(jobs.kept <= SERVICE_LIMITS.keptAnswers);
        assert.ok(jobs.keptBytes <= SERVICE_LIMITS.keptBytes);
      }
      assert.equal(jobs.ask(request({ id: `${steps.length - 1}` }), nowMs).kind, 'answer');
      assert.equal(jobs.inWork, 0);
      jobs.ask(request({ id: 'late' }), nowMs + SERVICE_LIMITS.keptForMs);
      assert.deepEqual([jobs.kept, jobs.keptBytes], [0, 0]);
    }),
    { numRuns: 30 },
  );
});
