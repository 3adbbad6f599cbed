/** What /etc/vm-ctl.conf is to say, so that guests depend on the clones of hosts. Pure. */
import { DEPENDENCY_KINDS, type Settings } from '../config/settings.ts';
import type { Entry } from './plan-host.ts';

/** Lines that the settings lack, numbered behind those that they have. */
export function missingLines(entries: readonly Entry[], { dependencies }: Settings): readonly string[] {
  return DEPENDENCY_KINDS.flatMap((kind) => {
    const present = dependencies.filter((one) => one.kind === kind);
    return entries
      .filter((entry) => entry.kind === kind && !present.some(({ clone }) => clone === entry.clone))
      .map(({ clone, attribute }, index) => {
        const words = [clone, attribute].filter((word) => word !== undefined).join(' ');
        return `vm_${kind}${present.length + index + 1}=(${words})`;
      });
  });
}

const MADE = '# What guests depend on, made by vm-ctl host init: (clone attribute), or (clone)';
const joined = (lines: readonly string[]) => lines.map((line) => `${line}\n`).join('');

export const settingsText = (lines: readonly string[]): string =>
  `# How vm-ctl writes guests into the cluster. The same on all hosts; what is not set here has its default.\n${joined([MADE, ...lines])}`;

/** Comments alone, as in the file that the packages bring. */
export const setsNothing = (text: string): boolean =>
  text.split('\n').every((line) => /^\s*(#|$)/.test(line));

/** Behind what is there. */
export const settingsToAppend = (present: string, lines: readonly string[]): string =>
  `${present.endsWith('\n') ? '' : '\n'}\n${joined([MADE, ...lines])}`;
