/** The fencing of a guest cluster by fence_vm, as text for crmsh, pcs and cibadmin *inside of the guests*. Pure. */
import { printXml } from '../../xml/print-xml.ts';
import { type XmlElement, xmlElement } from '../../xml/xml-element.ts';
import { crmQuoted, shellWord } from '../format/words.ts';

export interface Member {
  /** As the guest cluster calls it. */
  readonly node: string;
  readonly token: string;
}

export interface FencingWish {
  readonly members: readonly Member[];
  /** The tokens stand in a file of each guest, and not in its cluster's configuration. */
  readonly isInFile: boolean;
}

export const FENCING_FORMATS = { crm: crmFencing, pcs: pcsFencing, xml: xmlFencing } as const;

const ID = 'fence-vm';
const MONITOR = { interval: '60s', timeout: '60s' } as const;
/** Two members that lost each other would fence each other: the second has to wait, and the first wins. */
const HEAD_START = '5s';

function parametersOf({ members, isInFile }: FencingWish): readonly (readonly [string, string])[] {
  const [first] = members;
  return [
    ...(isInFile
      ? []
      : [['tokens', members.map(({ node, token }) => `${node}:${token}`).join(' ')] as const]),
    ['pcmk_host_check', 'static-list'],
    ['pcmk_host_list', members.map(({ node }) => node).join(' ')],
    ...(members.length === 2 && first !== undefined
      ? [['pcmk_delay_base', `${first.node}:${HEAD_START}`] as const]
      : []),
  ];
}

function crmFencing(wish: FencingWish): string {
  const parameters = parametersOf(wish).map(([name, value]) => `    ${name}=${crmQuoted(value)}`);
  return [
    `primitive ${ID} stonith:fence_vm \\`,
    `  params \\\n${parameters.join(' \\\n')} \\`,
    `  op monitor interval="${MONITOR.interval}" timeout="${MONITOR.timeout}"`,
    'property stonith-enabled=true\n',
  ].join('\n');
}

function pcsFencing(wish: FencingWish): string {
  const parameters = parametersOf(wish).map(([name, value]) => shellWord(`${name}=${value}`));
  const operation = `op monitor interval=${MONITOR.interval} timeout=${MONITOR.timeout}`;
  return [
    '#!/bin/sh',
    'set -e',
    `: "\${1:?the file that pcs cluster cib has written}"`,
    // The agent need not be installed where the file is written.
    `pcs -f "$1" stonith create ${ID} fence_vm ${parameters.join(' ')} ${operation} --force`,
    'pcs -f "$1" property set stonith-enabled=true\n',
  ].join('\n');
}

function xmlFencing(wish: FencingWish): string {
  return printXml(
    xmlElement('configuration', {}, [
      xmlElement('crm_config', {}, [
        pairs('cluster_property_set', 'cib-bootstrap-options', [['stonith-enabled', 'true']]),
      ]),
      xmlElement('resources', {}, [
        xmlElement('primitive', { id: ID, class: 'stonith', type: 'fence_vm' }, [
          pairs('instance_attributes', `${ID}-instance_attributes`, parametersOf(wish)),
          xmlElement('operations', {}, [
            xmlElement('op', { name: 'monitor', ...MONITOR, id: `${ID}-monitor-${MONITOR.interval}` }),
          ]),
        ]),
      ]),
    ]),
  );
}

const pairs = (kind: string, id: string, values: readonly (readonly [string, string])[]): XmlElement =>
  xmlElement(
    kind,
    { id },
    values.map(([name, value]) => xmlElement('nvpair', { name, value, id: `${id}-${name}` })),
  );

/** What fence_vm reads in each guest. */
export const tokenFileText = (members: readonly Member[]): string =>
  `# Which token fences which node, for fence_vm: /etc/pm-kvm-tools/tokens in each guest, root, 0600\n${members
    .map(({ node, token }) => `${node} ${token}\n`)
    .join('')}`;
