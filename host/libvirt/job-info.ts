/** How far a migration (or a save, or a dump) of a domain is: `virsh domjobinfo --rawstats`, libvirt's own fields. */
import { quoted } from '../../shared/visible.ts';
import { type DomainSelector, domainWord } from './domain-selector.ts';
import { callVirsh, type Virsh, type VirshFailure } from './virsh.ts';

export type DomainJob =
  | { readonly kind: 'none' | 'not-running' }
  /** It comes from another host, and may yet stay there. */
  | { readonly kind: 'arriving' }
  | {
      readonly kind: 'running';
      readonly elapsedMs: number;
      readonly memory: {
        readonly totalBytes: number;
        readonly processedBytes: number;
        readonly remainingBytes: number;
        /** Undefined until libvirt has measured it. */
        readonly bytesPerSecond: number | undefined;
      };
    };

export type DomainJobResult = { readonly ok: true; readonly job: DomainJob } | VirshFailure;

/** After a migration the source does not know the domain any more: `no-such-domain`. */
export async function queryDomainJob(virsh: Virsh, selector: DomainSelector): Promise<DomainJobResult> {
  const domain = await domainWord(virsh, selector);
  if (!domain.ok) return domain;
  const answer = await callVirsh(virsh, ['domjobinfo', `--domain=${domain.word}`, '--rawstats']);
  if (answer.ok) return parseDomainJob(answer.stdout);
  if (answer.kind !== 'refused') return answer;
  if (NOT_RUNNING.test(answer.fault)) return { ok: true, job: { kind: 'not-running' } };
  return ARRIVING.test(answer.fault) ? { ok: true, job: { kind: 'arriving' } } : answer;
}

const NOT_RUNNING = /domain is not running/i;
/** The statistics of a migration are asked for where it goes, not where it comes from. */
const ARRIVING = /only on the source host/i;

/** virDomainJobType: bounded and unbounded; 0 is none, and beyond 2 it is over. */
const RUNNING = [1, 2];

export function parseDomainJob(text: string): DomainJobResult {
  const fields = new Map<string, number>();
  for (const line of text.split('\n')) {
    const [, name, value] = /^([\w ]+): +(\d+)$/.exec(line) ?? [];
    if (name !== undefined) fields.set(name, Number(value));
  }
  const type = fields.get('Job type');
  if (type === undefined) {
    return {
      ok: false,
      kind: 'unreadable',
      fault: `virsh domjobinfo printed ${quoted(text)}`,
    };
  }
  if (!RUNNING.includes(type)) return { ok: true, job: { kind: 'none' } };
  const bytes = (name: string) => fields.get(name) ?? 0;
  return {
    ok: true,
    job: {
      kind: 'running',
      elapsedMs: bytes('time_elapsed'),
      memory: {
        totalBytes: bytes('memory_total'),
        processedBytes: bytes('memory_processed'),
        remainingBytes: bytes('memory_remaining'),
        bytesPerSecond: fields.get('memory_bps'),
      },
    },
  };
}
