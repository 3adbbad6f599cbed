/** What fence_vm can be told to do, and the words that the host knows for it. */
export const ACTIONS = [
  'on',
  'off',
  'reboot',
  'status',
  'list',
  'list-status',
  'monitor',
  'metadata',
  'manpage',
  'validate-all',
] as const;
export type Action = (typeof ACTIONS)[number];

/** Those that change or ask one node. */
export type NodeAction = 'on' | 'off' | 'reboot' | 'status';

export const HOST_OPERATIONS: Readonly<Record<NodeAction, string>> = {
  on: 'on',
  off: 'off',
  reboot: 'reset',
  status: 'status',
};

export function readAction(text: string): Action | undefined {
  const action = text.toLowerCase();
  return action === 'meta-data' ? 'metadata' : ACTIONS.find((known) => known === action);
}
