/** A small virtual machine as a resource of the hosts' cluster: the change of the configuration that makes it one. */
import { resourceOf } from './fencing-tokens.ts';

export interface OperationSpec {
  readonly name: string;
  readonly intervalS: number;
  readonly timeoutS: number;
  readonly onFail?: string;
}

export interface VictimSpec {
  readonly name: string;
  /** Where its domain's XML is. */
  readonly config: string;
  /** It stays there, as long as there is a choice. */
  readonly host: string;
  readonly score: number;
  readonly parameters?: Readonly<Record<string, string>>;
  readonly meta?: Readonly<Record<string, string>>;
  readonly operations: readonly OperationSpec[];
}

export function victimXml({ name, config, host, score, operations, ...more }: VictimSpec): string {
  const id = resourceOf(name);
  const set = (kind: string, short: string, values: Readonly<Record<string, string>>) =>
    `<${kind} id="${id}-${short}">${Object.entries(values)
      .map(([key, value]) => `<nvpair id="${id}-${short}-${key}" name="${key}" value="${value}"/>`)
      .join('')}</${kind}>`;
  const one = ({ name: operation, intervalS, timeoutS, onFail }: OperationSpec) =>
    `<op id="${id}-${operation}" name="${operation}" interval="${intervalS}" timeout="${timeoutS}s"${
      onFail === undefined ? '' : ` on-fail="${onFail}"`
    }/>`;
  const parameters = { config, hypervisor: 'qemu:///system', ...more.parameters };
  return `<configuration><resources><primitive id="${id}" class="ocf" provider="extra" type="VirtualDomain">
${set('instance_attributes', 'i', parameters)}
${set('meta_attributes', 'm', { 'target-role': 'Started', ...more.meta })}
<operations>${operations.map(one).join('')}</operations></primitive></resources>
<constraints><rsc_location id="${id}-place" rsc="${id}" node="${host}" score="${score}"/></constraints></configuration>`;
}
