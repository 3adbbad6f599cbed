/** Laws of what guests are told, and when. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { answerTo, MonitorDesk, questionOf } from '../../../host/manager/monitor-desk.ts';
import { type RuleBook, readRules, ruleBook } from '../../../host/manager/rules.ts';

const RULES = rulesOf('[ping]\nred = eq 0\ngreen = eq 100\n[disk]\n');

function rulesOf(text: string): RuleBook {
  const result = readRules('f', text);
  assert.ok(result.ok);
  return ruleBook(result.entries);
}

const values = (record: Record<string, string>) => new Map(Object.entries(record));

function question(text: string, known?: string) {
  const read = questionOf(text, known);
  assert.ok(read !== undefined);
  return read;
}

const textFor = (text: string, record: Record<string, string>, rules = RULES) =>
  answerTo(question(text), rules, values(record)).text;

describe('answers', () => {
  it('have each name as it was asked, in its order, with an empty value where there is none', () => {
    assert.equal(
      textFor(' disk  ping disk other ', { ping: '0', disk: 'normal' }),
      'disk=normal,ping=red,disk=normal,other=',
    );
  });

  it('never tell an attribute that the rules do not name', () => {
    const secret = { 'force_stop-prmVMCTL_other': 'id:1', '#health': 'red', ping: '100' };
    assert.equal(
      textFor('force_stop-prmVMCTL_other #health ping', secret),
      'force_stop-prmVMCTL_other=,#health=,ping=green',
    );
  });

  it('stay in one piece whatever the values are', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (value) => {
        const parts = textFor('disk ping', { disk: value, ping: '0' }).split(',');
        assert.equal(parts.length, 2);
        assert.equal(parts[1], 'ping=red');
        assert.ok(!/[\n\r\0]/.test(parts[0] ?? ''));
      }),
    );
  });
});

describe('questions', () => {
  it('name one attribute at least, and not too many', () => {
    assert.equal(questionOf(' \t', undefined), undefined);
    assert.equal(questionOf('a '.repeat(257), undefined), undefined);
    assert.deepEqual(questionOf('a\nb', undefined)?.names, ['a', 'b']);
  });

  it('without something known are answered by the next values', () => {
    const desk = new MonitorDesk<string>(RULES);
    desk.add('one', question('ping'));
    assert.deepEqual(
      desk.settle(values({ ping: '0' })).map(({ key, answer }) => [key, answer.text]),
      [['one', 'ping=red']],
    );
    assert.deepEqual(desk.settle(values({ ping: '100' })), []);
  });

  it('that know the answer already are held until it is another one, and told only that', () => {
    const desk = new MonitorDesk<string>(RULES);
    desk.add('watch', question('ping', 'ping=green'));
    assert.deepEqual(desk.settle(values({ ping: '100', disk: 'x' })), []);
    assert.deepEqual(
      desk.settle(values({ ping: '0' })).map(({ answer }) => answer.text),
      ['ping=red'],
    );
  });

  it('are answered at their end, changed or not', () => {
    const desk = new MonitorDesk<string>(RULES);
    desk.add('watch', question('ping', 'ping=green'));
    desk.end('watch');
    assert.equal(desk.settle(values({ ping: '100' })).length, 1);
  });

  it('are answered by new rules, too', () => {
    const desk = new MonitorDesk<string>(RULES);
    desk.add('watch', question('ping', 'ping=green'));
    desk.rules = rulesOf('[ping]\nfine = eq 100\n');
    assert.equal(desk.settle(values({ ping: '100' }))[0]?.answer.text, 'ping=fine');
  });

  it('that were called off are answered by nothing', () => {
    const desk = new MonitorDesk<string>(RULES);
    desk.add('gone', question('ping'));
    desk.remove('gone');
    assert.deepEqual(desk.settle(values({})), []);
  });
});
