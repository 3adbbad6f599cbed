/** What virsh prints, on both its outputs, read by whoever calls it: virsh itself is played. */
import { findDomain, listDefined, listDomains } from '../../../host/libvirt/domain-list.ts';
import { domainWord, UUID } from '../../../host/libvirt/domain-selector.ts';
import { parseDomainXml } from '../../../host/libvirt/domain-xml.ts';
import { dumpDefinition, dumpDomains } from '../../../host/libvirt/dump-xml.ts';
import { compareCpu, queryHostCpu } from '../../../host/libvirt/host-cpu.ts';
import { queryDomainJob } from '../../../host/libvirt/job-info.ts';
import type { Virsh, VirshFailure } from '../../../host/libvirt/virsh.ts';
import { parseXml } from '../../../host/xml/parse-xml.ts';
import { elementAt } from '../../../host/xml/xml-element.ts';
import type { CommandResult } from '../../../shared/process/run-command.ts';
import type { Random } from '../../support/random.ts';
import { type Family, law, same } from '../family.ts';
import { recorded, XML_WORDS } from './samples.ts';

/** Behind it stands what goes to the error output. */
const TO_STDERR = '\u0001';
/** Stands for the mark that `dumpDomains` has put between two documents. */
const MARK = '\u0002';
const IDS = ['00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000002'] as const;
const FILE = '/etc/libvirt/qemu/incompatible.xml';
const GONE = (uuid: string) => `error: failed to get domain '${uuid}'\n`;
const DOMAIN = "<domain type='kvm'><name>a</name></domain>";
const LIST = `${IDS[0]} 3 guest1\n${IDS[1]} - 12\n\nDomain: 'guest1'\n  state.state=1\n  state.reason=1\n`;
const OF_HOST = 'the CPU provided by hypervisor on the host';

export const virshTools: Family = {
  name: 'virsh-tools',
  seeds: () => [
    `${DOMAIN}\n${MARK}\n${DOMAIN}\n${MARK}\n`,
    `${MARK}\n${DOMAIN}\n${MARK}\n${TO_STDERR}${GONE(IDS[0])}`,
    LIST,
    'guest1\nguest2\n',
    recorded('libvirt/domjobinfo.txt'),
    "<capabilities><host><cpu><arch>x86_64</arch><model>qemu64</model><feature name='x'/></cpu></host></capabilities>",
    `CPU described in ${FILE} is incompatible with ${OF_HOST}\n\n`,
    `CPU described in ${FILE} is identical to ${OF_HOST}\n\n`,
    `The CPU provided by hypervisor on the host is a superset of CPU described in ${FILE}\n\n`,
    `${TO_STDERR}error: failed to connect to the hypervisor\nerror: Cannot recv data: Connection reset by peer\n`,
    `${TO_STDERR}error: Requested operation is not valid: domain is not running\n`,
    `${TO_STDERR}error: migration statistics are available only on the source host\n`,
  ],
  words: [
    ...XML_WORDS,
    ...[
      TO_STDERR,
      MARK,
      `${MARK}\n`,
      'error: ',
      '\nerror: ',
      DOMAIN,
      GONE(IDS[0]),
      GONE(IDS[1]),
      '<host>',
      '<cpu>',
    ],
    ...[
      'Domain not found',
      'is not running',
      'incompatible',
      'identical',
      ' - ',
      'Disconnected from ',
      "Domain: '",
    ],
  ],
  usualBytes: 600,
  longestBytes: 60_000,
  check: (input, random) => lawfulAnswer(input.toString('utf8'), random),
};

interface Played {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
  readonly virsh: Virsh;
}

function played(text: string, random: Random): Played {
  const [printed = '', ...errors] = text.split(TO_STDERR);
  const stderr = errors.join('');
  const exitCode = random.next() < 0.8 ? 0 : 1;
  let stdout = printed;
  const run = async (argv: readonly string[]): Promise<CommandResult> => {
    const [, mark] = /; echo ([-0-9a-f]+)$/.exec(argv.at(-1) ?? '') ?? [];
    if (mark !== undefined) stdout = printed.replaceAll(MARK, mark);
    return { kind: 'exited', exitCode, stdout, stderr, elapsedMs: 1 };
  };
  return { stdout: printed, stderr, exitCode, virsh: { run, uri: 'qemu:///system', deadlineMs: 1_000 } };
}

type Ask = (tool: Played) => Promise<void>;

const ASKS: readonly Ask[] = [
  async (tool) => {
    const answer = await queryHostCpu(tool.virsh);
    if (!answer.ok) return lawfulFailure(answer, tool);
    const document = parseXml(tool.stdout);
    law(document.ok, 'a processor of no document', answer);
    same(answer.cpu, elementAt(document.root, 'host', 'cpu'), 'another processor');
    isWhole(tool);
  },
  async (tool) => {
    const answer = await compareCpu(tool.virsh, FILE, 'kvm');
    if (!answer.ok) return lawfulFailure(answer, tool);
    law(!hasComplained(tool.stderr), 'it has failed, and has compared', answer);
    const [first = ''] = tool.stdout.split('\n');
    const isUnfit = first.startsWith(`CPU described in ${FILE} is incompatible`);
    law(isUnfit === !answer.isFit, 'it fits where virsh says otherwise', answer, tool.stdout);
    law(isUnfit || (tool.exitCode === 0 && /identical|superset/.test(first)), 'it fits, says nobody', first);
  },
  async (tool) => {
    const answer = await dumpDefinition(tool.virsh, { uuid: IDS[0] });
    if (!answer.ok) return lawfulFailure(answer, tool);
    same(answer.stdout, tool.stdout, 'another text');
    isWhole(tool);
  },
  lawfulDumps,
  async (tool) => {
    const answer = await listDomains(tool.virsh);
    if (!answer.ok) return lawfulFailure(answer, tool);
    isWhole(tool);
    for (const { uuid, id, name } of answer.domains)
      law(
        tool.stdout.includes(`${uuid} ${id ?? '-'} ${name}`),
        'a domain that is not listed',
        uuid,
        id,
        name,
      );
  },
  async (tool) => {
    const answer = await listDefined(tool.virsh);
    if (!answer.ok) return lawfulFailure(answer, tool);
    isWhole(tool);
    same(
      [...answer.names].join('\n'),
      [...new Set(tool.stdout.split(/\n+/))].filter(Boolean).join('\n'),
      'others',
    );
  },
  async (tool) => {
    for (const name of ['guest1', '12']) {
      const found = await findDomain(tool.virsh, name);
      law(!found.ok || found.domain.name === name, 'another domain is found', found);
      const word = await domainWord(tool.virsh, { name });
      if (word.ok)
        law(
          name === 'guest1' ? word.word === name : UUID.test(word.word),
          'a number stands for a domain',
          word,
        );
      law(!word.ok || name === 'guest1' || found.ok, 'a domain that is not found has a word', word);
    }
  },
  async (tool) => {
    const answer = await queryDomainJob(tool.virsh, { uuid: IDS[0] });
    if (!answer.ok) return lawfulFailure(answer, tool);
    const { kind } = answer.job;
    // Both are told by a complaint, and nothing else is.
    const isComplaint = kind === 'not-running' || kind === 'arriving';
    law(isComplaint === (tool.exitCode !== 0 || hasComplained(tool.stderr)), 'a job by a failure', answer);
    if (kind === 'running')
      law(/^Job type: +0*[12]$/m.test(tool.stdout), 'a job that does not run', tool.stdout);
  },
];

const lawfulAnswer = (text: string, random: Random) => random.pick(ASKS)(played(text, random));

/** At the beginning of a line, and no other sign than a newline ends one. */
const hasComplained = (stderr: string) => /(?:^|\n)error: [^\n]/.test(stderr);

/** What virsh says counts only when it has complained of nothing. */
function isWhole({ exitCode, stderr }: Played): void {
  law(exitCode === 0 && !hasComplained(stderr), 'half an answer counts', exitCode, stderr);
}

function lawfulFailure({ kind }: VirshFailure, { exitCode, stderr }: Played): void {
  const isAbout = (words: RegExp) => words.test(stderr);
  if (kind === 'no-such-domain')
    law(isAbout(/failed to get domain|Domain not found/i), 'a domain is gone without a word', stderr);
  if (kind === 'refused') law(exitCode !== 0 || isAbout(/(?:^|\n)error: /), 'refused without a word', stderr);
  law(kind !== 'deadline', 'a deadline that did not pass');
}

/** Each has its own document, or none has; and gone is only what virsh says is. */
async function lawfulDumps(tool: Played): Promise<void> {
  const results = await dumpDomains(tool.virsh, [...IDS, 'no uuid']);
  same([...results.keys()].toSorted(), [...IDS, 'no uuid'].toSorted(), 'other domains');
  law(results.get('no uuid')?.ok === false, 'what is no UUID has a document');
  const parts = tool.stdout.split(MARK);
  for (const [index, uuid] of IDS.entries()) {
    const result = results.get(uuid);
    const part = (parts[index] ?? '').trim();
    if (result?.ok === true) {
      law(parts.length === IDS.length + 1, 'half an answer counts', tool.stdout);
      const own = parseDomainXml(part);
      law(own.ok, 'a domain of no document', part);
      same(result.domain.root, own.domain.root, 'a domain has the document of another');
    } else if (result?.kind === 'no-such-domain')
      law(/failed to get domain|Domain not found/i.test(tool.stderr), 'gone without a word', tool.stderr);
  }
}
