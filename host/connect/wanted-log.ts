/** Says once what has to be mended about guests, and once that it was, not at every look. */
import type { Logger } from '../../shared/log.ts';
import type { Wanted } from './discovery/guest-directory.ts';

export class WantedLog {
  readonly #log: Logger;
  #said = new Set<string>();

  constructor(log: Logger) {
    this.#log = log;
  }

  note({ links, refused, problems }: Wanted): void {
    const present = new Set<string>();
    const say = (level: 'error' | 'warning', words: string, reason?: string) => {
      const key = `${words} ${reason}`;
      present.add(key);
      if (!this.#said.has(key)) this.#log[level](words, { reason });
    };
    for (const [guest, reason] of refused) say('error', `guest ${guest}: not linked`, reason);
    for (const problem of problems) say('warning', problem);
    for (const [guest, { isLasting }] of links) {
      if (!isLasting)
        say('warning', `guest ${guest}: its link will not come back when this daemon restarts`, NO_RECONNECT);
    }
    this.#said = present;
  }
}

const NO_RECONNECT =
  "its channel has mode='connect' without <reconnect enabled='yes' timeout='1'/>; add that or use mode='bind'";
