/** The processor of this host as libvirt sees it, and whether it can be what a domain asks for. */
import type { CommandResult } from '../../shared/process/run-command.ts';
import { parseXml } from '../xml/parse-xml.ts';
import { elementAt, type XmlElement } from '../xml/xml-element.ts';
import { callVirsh, errorsIn, type Virsh, type VirshFailure, virshFailure } from './virsh.ts';

export type HostCpuResult = { readonly ok: true; readonly cpu: XmlElement } | VirshFailure;

/** `<cpu>` of the host's capabilities: equal where hosts are. */
export async function queryHostCpu(virsh: Virsh): Promise<HostCpuResult> {
  const answer = await callVirsh(virsh, ['capabilities']);
  if (!answer.ok) return answer;
  const document = parseXml(answer.stdout);
  const cpu = document.ok ? elementAt(document.root, 'host', 'cpu') : undefined;
  return cpu === undefined
    ? { ok: false, kind: 'unreadable', fault: 'virsh capabilities names no <cpu> of the host' }
    : { ok: true, cpu };
}

export type CpuComparison = { readonly ok: true; readonly isFit: boolean } | VirshFailure;

/** Whether this host's hypervisor can give a domain the processor that its XML asks for. */
export async function compareCpu(virsh: Virsh, xmlPath: string, virtType: string): Promise<CpuComparison> {
  const argv = [
    'virsh',
    '-c',
    virsh.uri,
    'hypervisor-cpu-compare',
    `--file=${xmlPath}`,
    `--virttype=${virtType}`,
  ];
  return comparisonIn(argv, xmlPath, await virsh.run(argv, { deadlineMs: virsh.deadlineMs }));
}

/** That it is unfit virsh says on standard output, with the exit status of a failure (libvirt 9). */
function comparisonIn(argv: readonly string[], xmlPath: string, result: CommandResult): CpuComparison {
  const failure = virshFailure(argv, result);
  if (result.kind !== 'exited' || errorsIn(result.stderr) !== '') return failure;
  const says = (words: string) => result.stdout.startsWith(words);
  if (says(`CPU described in ${xmlPath} is incompatible with `)) return { ok: true, isFit: false };
  if (result.exitCode !== 0) return failure;
  return says(`CPU described in ${xmlPath} is identical to `) ||
    says(`The CPU provided by hypervisor on the host is a superset of CPU described in ${xmlPath}`)
    ? { ok: true, isFit: true }
    : { ok: false, kind: 'unreadable', fault: 'virsh hypervisor-cpu-compare does not say whether it fits' };
}
