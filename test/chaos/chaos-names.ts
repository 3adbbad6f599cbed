/** What things are called in the laboratory of chaos. */
export const VICTIMS = ['chaos-one', 'chaos-two', 'chaos-three'] as const;
export type Victim = (typeof VICTIMS)[number];

/** Added and deleted all the time; it never runs. */
export const PASSER_BY = 'chaos-passer-by';

/** The guest that asks, on that host; its agent runs there on a pseudo-terminal in the place of a port. */
export const askerOn = (host: string): string => `asker-${host}`;
export const AGENT_SOCKET = '/run/chaos-agent.sock';
export const PORT = '/run/chaos-port';

/** How far the clock of our programs is off, for libfaketime. */
export const CLOCK_FILE = '/run/chaos-clock';

export type Program = 'vm-stonithd' | 'vm-connectd' | 'vm-managerd' | 'agent';

const WORDS: Readonly<Record<Program, string>> = {
  'vm-stonithd': 'vm-stonithd ',
  'vm-connectd': 'vm-connectd -t host',
  'vm-managerd': 'vm-managerd ',
  agent: 'vm-connectd -t guest',
};

/** What pgrep and pkill know a program of ours by. */
export const patternOf = (program: Program): string => `^[^ ]*node [^ ]*/sbin/${WORDS[program]}`;
