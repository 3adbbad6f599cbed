/** The parameters of fence_vm: the one table from which they are read, described and explained. */
import { paths } from '../../shared/paths.ts';

export interface Parameter {
  /** As Pacemaker sends it. The long option has dashes in place of underscores. */
  readonly name: string;
  /** The letter of the short option. */
  readonly letter?: string;
  readonly type: 'string' | 'boolean' | 'second';
  /** What the help calls the value. */
  readonly value?: string;
  readonly default?: string;
  /** An older name of the same. */
  readonly formerly?: string;
  readonly text: string;
}

/** Their longest time; the bridge itself knows no longer one. */
export const MOST_SECONDS = 3600;

export const parameters: readonly Parameter[] = [
  { name: 'action', letter: 'o', type: 'string', value: 'action', default: 'reboot', text: 'Fencing action' },
  {
    name: 'plug',
    letter: 'n',
    type: 'string',
    value: 'name',
    formerly: 'port',
    text: 'The node to fence, by the name under which its token is known',
  },
  {
    name: 'tokens',
    letter: 'T',
    type: 'string',
    value: 'map',
    text: 'Which token fences which node: NAME:TOKEN, several parted by blanks, commas or semicolons',
  },
  {
    name: 'token',
    letter: 't',
    type: 'string',
    value: 'token',
    text:
      'The token, when there is only one, as NAME:TOKEN, so that no other node is fenced with it. ' +
      'On the command line a token alone will do, for the node that plug names; from Pacemaker it is refused',
  },
  {
    name: 'token_file',
    letter: 'f',
    type: 'string',
    value: 'file',
    default: paths.guestTokens,
    text: 'Lines of "NAME TOKEN", for when the tokens shall not stand in the cluster configuration; mode 0600, root',
  },
  {
    name: 'delay',
    type: 'second',
    value: 'seconds',
    default: '0',
    text: 'Wait so long before off and reboot',
  },
  {
    name: 'delay_max',
    type: 'second',
    value: 'seconds',
    default: '0',
    text: 'Wait at random between delay and so long before off and reboot, so that two nodes do not fence each other',
  },
  {
    name: 'power_timeout',
    type: 'second',
    value: 'seconds',
    default: '60',
    text:
      'How long on, off and reboot may take; what was begun on the host is taken back then. ' +
      "Raise it with Pacemaker's own timeout (pcmk_off_timeout, pcmk_reboot_timeout), which it does not tell",
  },
  {
    name: 'disable_timeout',
    type: 'boolean',
    value: 'true/false',
    text: 'Leave the limit of on, off and reboot to the caller, up to 10 minutes',
  },
  {
    name: 'shell_timeout',
    type: 'second',
    value: 'seconds',
    default: '15',
    text: 'How long status, list-status and monitor may take',
  },
  {
    name: 'socket',
    letter: 's',
    type: 'string',
    value: 'path',
    default: paths.connectSocket,
    text: 'The socket of vm-connectd',
  },
  {
    name: 'separator',
    letter: 'C',
    type: 'string',
    value: 'char',
    default: ',',
    text: 'Separator of the fields that list and list-status print',
  },
  { name: 'verbose', letter: 'v', type: 'boolean', text: 'Say on standard error what is asked and answered' },
  { name: 'quiet', letter: 'q', type: 'boolean', text: 'Say nothing on standard error' },
  { name: 'version', letter: 'V', type: 'boolean', text: 'Display version information and exit' },
  { name: 'help', letter: 'h', type: 'boolean', text: 'Display help and exit' },
];

export const longOption = ({ name }: Parameter): string => `--${name.replaceAll('_', '-')}`;

/** Whether the option is followed by a value. */
export const takesValue = ({ type, value }: Parameter): boolean => type !== 'boolean' || value !== undefined;

/** `-n, --plug=[name]` */
export function optionText(parameter: Parameter): string {
  const letter = parameter.letter === undefined ? '' : `-${parameter.letter}, `;
  const value = parameter.value === undefined ? '' : `=[${parameter.value}]`;
  return `${letter}${longOption(parameter)}${value}`;
}
