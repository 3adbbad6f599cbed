/** Reads what the kernel tells of a process as text. Pure. */

/** Of `/proc/PID/cmdline`: whether these are the arguments of the QEMU that libvirt started for a domain. */
export function isQemuOf(cmdline: string, domain: string): boolean {
  const argv = cmdline.split('\0');
  const at = argv.indexOf('-name');
  // Commas in values are doubled, as QEMU reads them; one alone parts the name from what follows it.
  const [, name] = /^guest=((?:[^,]|,,)*)/.exec(at < 0 ? '' : (argv[at + 1] ?? '')) ?? [];
  return name?.replaceAll(',,', ',') === domain;
}

/** Of `/proc/PID/stat`, from the state on. A process chooses its own name, which stands before them in brackets. */
export const statFieldsIn = (stat: string): readonly string[] =>
  stat.slice(stat.lastIndexOf(')') + 2).split(' ');
