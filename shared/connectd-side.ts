/** Which of the two programs called vm-connectd a command line means: `-t host` or `-t guest`. */
export type Side = 'host' | 'guest';

/** Anything but a clear `guest` goes to the host's program, which explains what is wrong with it. */
export function sideOf(parameters: readonly string[]): Side {
  for (const [index, word] of parameters.entries()) {
    if (/^(-[DV]*tguest|--type=guest)$/.test(word)) return 'guest';
    if (/^(-[DV]*t|--type)$/.test(word) && parameters[index + 1] === 'guest') return 'guest';
  }
  return 'host';
}
