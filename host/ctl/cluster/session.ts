/** What every command works with: the cluster or a file instead of it, libvirt, the settings, and who is told. */
import type { Clock } from '../../../shared/clock.ts';
import type { Virsh } from '../../libvirt/virsh.ts';
import type { Pacemaker } from '../../pacemaker/pacemaker-call.ts';
import type { Settings } from '../config/settings.ts';
import type { Message } from '../messages/message.ts';

export interface Session {
  readonly settings: Settings;
  readonly pacemaker: Pacemaker;
  readonly virsh: Virsh;
  /** `--cib-file`: no cluster and no libvirt is asked. */
  readonly isOffline: boolean;
  /** Where backups and records are kept. */
  readonly stateDirectory: string;
  /** What the lock is on: the machine's cluster, or one file. */
  readonly lockName: string;
  /** For people; nothing hangs on it. */
  readonly tell: (message: Message) => void;
  /** One line that is written over by the next; undefined takes it away. Only on a terminal. */
  readonly showProgress: (message: Message | undefined) => void;
  /** Asks the person at the terminal; without one the answer is yes, for scripts of version 1 were never asked. */
  readonly confirm: (question: Message) => Promise<boolean>;
  /** Ctrl-C or SIGTERM. */
  readonly interrupted: AbortSignal;
  readonly clock: Clock;
}
