/** What only root may do is refused to others at once, with the way to do without. */
import { PmError } from '../../shared/errors.ts';

export function assertRoot(what: string): void {
  if (process.getuid?.() === 0) return;
  throw new PmError({
    code: 'environment',
    what,
    fault: 'only root may do that',
    remedy: 'run it as root, or set LAB=off to do without a laboratory',
  });
}
