/** How far a move is: by libvirt's own numbers where this host's libvirt has the migration, else by time alone. */
import { queryDomainJob } from '../../libvirt/job-info.ts';
import type { Session } from '../cluster/session.ts';
import { type Message, message } from '../messages/message.ts';

const MIB = 1024 * 1024;

export async function moveProgress(
  session: Session,
  domain: string,
  { source, target }: { readonly source: string; readonly target: string },
  elapsedMs: number,
): Promise<Message> {
  const way = { guest: domain, source, target, seconds: (elapsedMs / 1000).toFixed(1) };
  const answer = await queryDomainJob(session.virsh, { name: domain });
  if (!answer.ok || answer.job.kind !== 'running') return message('move-progress', way);
  const { remainingBytes, totalBytes, bytesPerSecond } = answer.job.memory;
  return message('move-progress-memory', {
    ...way,
    left: Math.round(remainingBytes / MIB),
    all: Math.round(totalBytes / MIB),
    rate: bytesPerSecond === undefined ? '?' : Math.round(bytesPerSecond / MIB),
  });
}
