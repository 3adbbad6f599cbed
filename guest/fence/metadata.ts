/** What fence_vm says about itself: XML for clusters, text for people. */
import { ACTIONS } from './actions.ts';
import { optionText, type Parameter, parameters } from './parameters.ts';

const SHORT = 'Fence agent for KVM guests, through the guest-host bridge of pm-kvm-tools';

const LONG = `fence_vm lets a cluster inside of KVM guests fence its own members. It needs no network between guest and host: it asks \
the local vm-connectd, which reaches vm-stonithd on whichever host the guest runs on, over a virtio-serial port. The host's cluster \
stops the guest, wherever that runs, and the answer is success only when it has been proven that it runs nowhere.

What may be fenced is in a token that the admin of the host makes (vm-ctl token make): it names one guest, the operations, and the guests \
that may use it. Put each node's token into the parameter tokens, or into ${parameterDefault('token_file')} in every guest, one "NAME TOKEN" a line, \
readable by root only.

The limit is power_timeout, 60 seconds when it is not set, as Pacemaker's own. Who raises Pacemaker's (pcmk_off_timeout, pcmk_reboot_timeout, stonith-timeout) raises power_timeout with it. \
Allow as long as the host's cluster needs to fence one of its own nodes: a guest on a host that died is dead when that host is.

Two nodes that lost each other should not fence each other. Give the node that runs the services priority with Pacemaker's \
priority-fencing-delay, or set delay on the device that fences it, or let chance decide with delay_max.`;

const ACTION_NOTES: Readonly<Record<string, string>> = { on: ' automatic="0"' };

export function metadataXml(): string {
  return [
    '<?xml version="1.0" ?>',
    `<resource-agent name="fence_vm" shortdesc="${escaped(SHORT)}">`,
    `<longdesc>${escaped(LONG)}</longdesc>`,
    '<vendor-url>https://www.clusterlabs.org/</vendor-url>',
    '<parameters>',
    ...parameters.flatMap(parameterXml),
    '</parameters>',
    '<actions>',
    ...ACTIONS.map((action) => `\t<action name="${action}"${ACTION_NOTES[action] ?? ''} />`),
    '</actions>',
    '</resource-agent>',
    '',
  ].join('\n');
}

export function helpText(): string {
  const options = parameters.map((parameter) => {
    const [first = '', ...rest] = wrap(describe(parameter), HELP_WIDTH);
    const option = optionText(parameter).padEnd(OPTION_WIDTH);
    const start =
      option.length > OPTION_WIDTH ? [`   ${option}`, `${INDENT}${first}`] : [`   ${option}${first}`];
    return [...start, ...rest.map((line) => `${INDENT}${line}`)].join('\n');
  });
  return `Usage:\n\tfence_vm [options]\nOptions:\n${options.join('\n')}\n\n${wrap(`Actions: ${ACTIONS.join(', ')}`, 80).join('\n')}\nWithout options it reads NAME=VALUE lines from standard input.\n`;
}

const OPTION_WIDTH = 32;
const HELP_WIDTH = 80 - 3 - OPTION_WIDTH;
const INDENT = ' '.repeat(3 + OPTION_WIDTH);

function parameterXml(parameter: Parameter): string[] {
  const { name, formerly } = parameter;
  if (formerly === undefined) return oneParameter(parameter, name, '');
  return [
    ...oneParameter(parameter, name, ` obsoletes="${formerly}"`),
    ...oneParameter(parameter, formerly, ' deprecated="1"'),
  ];
}

function oneParameter(parameter: Parameter, name: string, notes: string): string[] {
  const { type, text } = parameter;
  const standard = parameter.default === undefined ? '' : ` default="${escaped(parameter.default)}"`;
  const isRequired = name === 'action' ? '1' : '0';
  return [
    `\t<parameter name="${name}" unique="0" required="${isRequired}"${notes}>`,
    `\t\t<getopt mixed="${escaped(optionText(parameter))}" />`,
    `\t\t<content type="${type}"${standard} />`,
    `\t\t<shortdesc lang="en">${escaped(text)}</shortdesc>`,
    '\t</parameter>',
  ];
}

function describe({ text, default: standard }: Parameter): string {
  return standard === undefined ? text : `${text} (default: ${standard})`;
}

function parameterDefault(name: string): string {
  return parameters.find((parameter) => parameter.name === name)?.default ?? '';
}

function wrap(text: string, width: number): string[] {
  return text.match(new RegExp(`.{1,${width}}(?: |$)`, 'g'))?.map((line) => line.trimEnd()) ?? [];
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
