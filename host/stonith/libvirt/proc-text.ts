/** Reads what the kernel tells of a process as text. Pure. */

/**
 * Of `/proc/PID/cmdline`: whether these are the arguments of the QEMU that libvirt started for a domain. Not of one that a
 * user's session has started, who may give it any name.
 */
export function isQemuOf(cmdline: string, domain: string): boolean {
  const argv = cmdline.split('\0');
  if (isOfSession(argv)) return false;
  const at = argv.indexOf('-name');
  // Commas in values are doubled, as QEMU reads them; one alone parts the name from what follows it.
  const [, name] = /^guest=((?:[^,]|,,)*)/.exec(at < 0 ? '' : (argv[at + 1] ?? '')) ?? [];
  return name?.replaceAll(',,', ',') === domain;
}

/**
 * Only the file of the key that libvirt gives every QEMU proves that: the system's has it in /var/lib/libvirt. Disks may
 * be anywhere, and what proves nothing is taken for the system's.
 */
function isOfSession(argv: readonly string[]): boolean {
  const key = argv.find((word, at) => argv[at - 1] === '-object' && MASTER_KEY.test(word));
  return key !== undefined && SESSION_KEY_FILE.test(key);
}

const MASTER_KEY = /^(?:secret,id=masterKey0,|\{"qom-type":"secret","id":"masterKey0",)/;
/** In both forms of such an argument the file comes last. */
const SESSION_KEY_FILE = /\/\.config\/libvirt\/qemu\/lib\/domain-[^/]*\/master-key\.aes(?:"\})?$/;

/** Of `/proc/PID/stat`, from the state on. A process chooses its own name, which stands before them in brackets. */
export const statFieldsIn = (stat: string): readonly string[] =>
  stat.slice(stat.lastIndexOf(')') + 2).split(' ');

/** Of a pid file. */
export function pidIn(text: string): number | undefined {
  const pid = /^\d+$/.test(text.trim()) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(pid) && pid > 1 ? pid : undefined;
}
