/** The processor of this host as libvirt sees it, and whether it can be what a domain asks for. */
import { parseXml } from '../xml/parse-xml.ts';
import { elementAt, type XmlElement } from '../xml/xml-element.ts';
import { callVirsh, type Virsh, type VirshFailure } from './virsh.ts';

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

/** Whether this host's hypervisor can give a domain the processor that its XML asks for. */
export async function compareCpu(
  virsh: Virsh,
  xmlPath: string,
  virtType: string,
): Promise<{ readonly ok: true; readonly isFit: boolean } | VirshFailure> {
  const answer = await callVirsh(virsh, [
    'hypervisor-cpu-compare',
    `--file=${xmlPath}`,
    `--virttype=${virtType}`,
  ]);
  if (answer.ok) return { ok: true, isFit: !/incompatible/i.test(answer.stdout) };
  return answer.kind === 'refused' && /incompatible/i.test(answer.fault)
    ? { ok: true, isFit: false }
    : answer;
}
