/** Looks whether what is to be watched is there, on this host: an address that answers, a disk, an agent, a unit. */
import { access, stat } from 'node:fs/promises';
import { isIP } from 'node:net';
import { messageOf, systemCodeOf } from '../../../shared/errors.ts';
import { paths } from '../../../shared/paths.ts';
import type { CommandRunner } from '../../../shared/process/run-command.ts';
import { type Message, message } from '../messages/message.ts';
import { type Agent, agentName, type HostDefinition, type HostWish } from './host-definition.ts';

/** Told without asking anybody. */
export function formProblems({ ping, disks }: HostWish): readonly Message[] {
  return [
    ...ping.filter((word) => !isAddress(word)).map((address) => message('ping-form', { address })),
    ...disks.filter((word) => !/^\/\S+$/.test(word)).map((device) => message('disk-form', { device })),
  ];
}

const HOST_NAME =
  /^(?=.{1,253}$)[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*$/;

/** Digits and dots alone are an address or none, never a name. */
const isAddress = (word: string) => isIP(word) !== 0 || (HOST_NAME.test(word) && !/^[\d.]+$/.test(word));

export async function targetProblems(
  { ping, disks }: HostWish,
  { clones }: HostDefinition,
  run: CommandRunner,
): Promise<readonly Message[]> {
  const found = await Promise.all([
    ...ping.map((address) => pingProblem(address, run)),
    ...disks.map(diskProblem),
    ...clones.map(({ agent }) => agentProblem(agent)),
  ]);
  return found.filter((problem) => problem !== undefined);
}

const PING_SECONDS = 2;

async function pingProblem(address: string, run: CommandRunner): Promise<Message | undefined> {
  const argv = ['ping', '-n', '-q', '-c', '2', '-i', '0.3', '-W', String(PING_SECONDS), address];
  const result = await run(argv, { deadlineMs: (PING_SECONDS + 8) * 1000 });
  if (result.kind === 'not-started') return message('ping-missing', { fault: result.fault });
  return result.kind === 'exited' && result.exitCode === 0 ? undefined : message('ping-silent', { address });
}

async function diskProblem(device: string): Promise<Message | undefined> {
  try {
    const found = await stat(device);
    return found.isBlockDevice() ? undefined : message('disk-no-device', { device });
  } catch (thrown) {
    const fault = systemCodeOf(thrown) === 'ENOENT' ? 'ENOENT' : messageOf(thrown);
    return message('disk-missing', { device, fault });
  }
}

async function agentProblem(agent: Agent): Promise<Message | undefined> {
  const { provider, type } = agent;
  const places =
    provider === undefined
      ? [paths.localUnits, paths.packagedUnits].map((directory) => `${directory}/${type}.service`)
      : [`${paths.agentDirectory}/${provider}/${type}`];
  const isThere = await Promise.all(
    places.map((place) =>
      access(place).then(
        () => true,
        () => false,
      ),
    ),
  );
  if (isThere.includes(true)) return undefined;
  return provider === undefined
    ? message('unit-missing', { unit: type })
    : message('agent-missing', { agent: agentName(agent) });
}
