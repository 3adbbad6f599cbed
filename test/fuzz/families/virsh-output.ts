/** What virsh prints of domains, their jobs and what happens to them, line by line. */
import { parseDomainEvent } from '../../../host/libvirt/domain-events.ts';
import { parseDomainList } from '../../../host/libvirt/domain-list.ts';
import { parseDomainJob } from '../../../host/libvirt/job-info.ts';
import { lineSplitter } from '../../../shared/process/line-splitter.ts';
import { type Family, law, lawfulWords, same } from '../family.ts';
import { recorded } from './samples.ts';

const LIST =
  "4b2d1c3a-0000-4000-8000-000000000001 3 guest1\n4b2d1c3a-0000-4000-8000-000000000002 - guest 2\n\nDomain: 'guest1'\n  state.state=1\n  state.reason=1\n";

export const virshOutput: Family = {
  name: 'virsh-output',
  seeds: () => [
    LIST,
    recorded('libvirt/domjobinfo.txt'),
    recorded('libvirt/events.txt'),
    "event 'lifecycle' for domain 'a': Started Booted\n",
  ],
  words: [
    ...[
      '\n',
      "Domain: '",
      "'\n",
      '  state.state=',
      '  state.reason=',
      '-',
      ' - ',
      "event '",
      "' for domain '",
      "': ",
      'lifecycle',
      'Stopped',
      'Job type:',
    ],
    ...[
      'Bounded',
      '4b2d1c3a-0000-4000-8000-000000000003',
      ' 7 ',
      '\r',
      '\0',
      '\u001b',
      '\u0085',
      '\u2028',
      'error: ',
      '   2',
      '99999999999999999999',
    ],
  ],
  usualBytes: 500,
  longestBytes: 100_000,
  check(input, random) {
    const text = input.toString('utf8');
    lawfulList(text);
    const job = parseDomainJob(text);
    if (!job.ok) lawfulWords(job.fault, 'the fault of a job');
    else if (job.job.kind === 'running')
      law(/^Job type: +0*[12]$/m.test(text), 'a job that does not run', text);
    const at = random.between(0, input.length);
    const lines = linesOf([input]);
    same(linesOf([input.subarray(0, at), input.subarray(at)]), lines, 'cut elsewhere there are other lines');
    for (const line of lines) lawfulEvent(line);
  },
};

/** Every domain stands in a line of its own, and one of another state has told it. */
function lawfulList(text: string): void {
  const list = parseDomainList(text);
  if (!list.ok) {
    lawfulWords(list.fault, 'the fault of a list');
    return;
  }
  const lines = text.split('\n').filter((line) => line !== '');
  const ends = lines.findIndex((line) => line.startsWith("Domain: '"));
  const listed = ends < 0 ? lines : lines.slice(0, ends);
  const plain = list.domains.map(({ uuid, id, name }) => [uuid, name, id]);
  same(
    listed.map((line) => {
      const [uuid, id, ...name] = line.split(' ');
      return [uuid, name.join(' '), id === '-' ? undefined : Number(id)];
    }),
    plain,
    'other domains than are listed',
  );
  for (const { name, state } of list.domains)
    law(
      state.name === 'no-state' || lines.includes(`Domain: '${name}'`),
      'a state that nobody has told',
      name,
      state,
    );
}

const IS = "event '";
const OF = "' for domain '";
const WITH = "': ";

/** Read once more by hand: the event ends at the first quote, the domain at the last that a colon follows. */
function lawfulEvent(line: string): void {
  const event = parseDomainEvent(line);
  const named = line.indexOf("'", IS.length);
  const ended = line.lastIndexOf(WITH);
  const from = named + OF.length;
  if (!line.startsWith(IS) || named <= IS.length || !line.startsWith(OF, named) || ended < from) {
    law(event === undefined, 'an event that is none', line, event);
    return;
  }
  law(event !== undefined, 'an event is passed by', line);
  const [what, detail] = [line.slice(IS.length, named), line.slice(ended + WITH.length)];
  law(event.domain === line.slice(from, ended), 'an event of another domain', line, event);
  if (event.kind === 'other') {
    same([event.event, event.detail], [what, detail], 'another event');
  } else {
    const [word = '', ...rest] = detail.split(' ');
    law(what === 'lifecycle' && event.detail === rest.join(' '), 'another event', line, event);
    law(event.event.replace('-', '') === word.toLowerCase(), 'another turn of its life', line, event);
  }
}

function linesOf(chunks: readonly Buffer[]): readonly string[] {
  const lines: string[] = [];
  const splitter = lineSplitter(65_536, (line) => lines.push(line));
  // Behind a line that is too long the stream is of no more use.
  for (const chunk of chunks) if (!splitter.add(chunk)) break;
  return lines;
}
