/**
 * A guest that asks for fencing, played on a host: the guest's programs, of the tree, behind a terminal line in place of
 * the virtio port. What is on the other end of the line, the host's daemons, is what is installed there.
 */
import type { CommandResult } from '../../shared/process/run-command.ts';
import { startProgram } from './bridge-programs.ts';
import { makeToken } from './fencing-tokens.ts';
import type { Laboratory } from './lab.ts';
import { CHECKOUT } from './layout.ts';
import { waitFor } from './wait-for.ts';

const ASKER = 'asker';
const PORT = '/run/asker-port';
const SOCKET = '/run/asker-agent.sock';

/** What vm-connectd of the host must be told of a guest that neither Pacemaker nor libvirt knows. */
export const ASKER_CONF = `[guest ${ASKER}]\npath = ${PORT}.sock\n`;

export async function startAsker(lab: Laboratory, host: string): Promise<void> {
  const line = ['socat', `PTY,link=${PORT},rawer`, `UNIX-LISTEN:${PORT}.sock,fork`];
  await startProgram(lab, host, 'asker-line', line);
  const agent = [`${CHECKOUT}/dist/sbin/vm-connectd`, '-t', 'guest', '--port', PORT, '--socket', SOCKET];
  await startProgram(lab, host, 'asker-agent', agent);
}

/** As its cluster would: the agent of fencing, with the right for one target. */
export async function askerFor(lab: Laboratory, host: string, node: string, resource: string) {
  const token = await makeToken(lab, { host, resource, guest: ASKER });
  const argv = (action: string) => [
    `${CHECKOUT}/dist/sbin/fence_vm`,
    ...['-o', action, '-n', node, `--tokens=${node}:${token}`, `--socket=${SOCKET}`],
  ];
  return (action: string): Promise<CommandResult> => lab.on(host, argv(action), { deadlineMs: 120_000 });
}

export async function waitForAnswer(ask: (action: string) => Promise<CommandResult>): Promise<void> {
  await waitFor('fence_vm gets an answer', 60_000, async () => {
    const answer = await ask('status');
    return answer.kind === 'exited' && (answer.exitCode === 0 || answer.exitCode === 2);
  });
}
