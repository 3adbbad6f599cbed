/** What things are called in the laboratory of chaos. */
import { HOSTS } from '../lab/fencing-world.ts';
import { programPattern } from '../lab/program-pattern.ts';

export const VICTIMS = ['chaos-one', 'chaos-two', 'chaos-three'] as const;
export type Victim = (typeof VICTIMS)[number];
export const isVictim = (name: string): name is Victim => VICTIMS.some((victim) => victim === name);

/** Added and deleted all the time; it never runs. */
export const PASSER_BY = 'chaos-passer-by';

/** A guest that asks; its agent runs on the host, on a pseudo-terminal in the place of a port. */
export interface Asker {
  readonly name: string;
  readonly host: string;
  readonly port: string;
  readonly socket: string;
  readonly number: number;
}

const NUMBERS = [1, 2] as const;

export const ASKERS: readonly Asker[] = HOSTS.flatMap((host) =>
  NUMBERS.map((number) => ({
    name: `asker-${host}-${number}`,
    host,
    number,
    port: `/run/chaos-port-${number}`,
    socket: `/run/chaos-agent-${number}.sock`,
  })),
);
export const askersOn = (host: string): readonly Asker[] => ASKERS.filter((asker) => asker.host === host);

/** What an asker calls a victim: nobody else may ever see that name. */
export const plugOf = (asker: Asker, victim: Victim): string => `${asker.name}.${victim}`;

/** How far the clock of our programs is off, for libfaketime. */
export const CLOCK_FILE = '/run/chaos-clock';

export type Program = 'vm-stonithd' | 'vm-connectd' | 'vm-managerd' | 'agent-1' | 'agent-2';

const WORDS: Readonly<Record<Program, string>> = {
  'vm-stonithd': 'vm-stonithd ',
  'vm-connectd': 'vm-connectd -t host',
  'vm-managerd': 'vm-managerd ',
  'agent-1': 'vm-connectd -t guest --port /run/chaos-port-1 ',
  'agent-2': 'vm-connectd -t guest --port /run/chaos-port-2 ',
};
export const PROGRAMS: readonly Program[] = [
  'vm-stonithd',
  'vm-connectd',
  'vm-managerd',
  'agent-1',
  'agent-2',
];
export const isProgram = (name: string): name is Program => PROGRAMS.some((program) => program === name);

/** What pgrep and pkill know a program of ours by. */
export const patternOf = (program: Program): string => programPattern(WORDS[program]);
/** Each daemon of ours. */
export const OURS_PATTERN = programPattern('vm-(stonithd|managerd|connectd -t)');
