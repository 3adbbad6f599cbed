/** What stands, in 80 columns. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { membersOf, onlineNodes } from './clusters.ts';
import { inGuest } from './guest-agent.ts';
import { whereabouts } from './guests.ts';
import { isHostFrozen, isHostRunning } from './hosts.ts';
import { type Lab, specOf } from './lab-handle.ts';
import { guestAddress, hostAddress } from './layout.ts';
import { readCuts } from './wire.ts';

export async function status(lab: Lab): Promise<string> {
  if (!existsSync(lab.layout.specFile)) return `laboratory ${lab.layout.name}: down`;
  const { hosts, guests } = specOf(lab);
  const state = existsSync(join(lab.layout.state, 'complete'))
    ? 'up'
    : 'only in part up (see the logs, or take it down)';
  const hostLines = hosts.map((host) => {
    const power = !isHostRunning(lab, host) ? 'off' : isHostFrozen(lab, host) ? 'frozen' : 'on';
    return row('host', host, hostAddress(host), power, '');
  });
  const guestLines = await Promise.all(
    guests.map(async ({ name }) => {
      const places = whereabouts(lab, name).map((found) => `${found.state} on ${found.host}`);
      const answers =
        places.length > 0 && (await inGuest(lab, name, ['true'], { deadlineMs: 5_000 })).kind === 'exited';
      return row(
        'guest',
        name,
        guestAddress(name),
        places.join(', ') || 'off',
        answers ? 'agent answers' : '',
      );
    }),
  );
  const cuts = readCuts(lab).map(
    (cut) =>
      `cut    ${cut.target}${cut.peer === undefined ? '' : ` and ${cut.peer}`}: ${cut.net}, ${cut.direction}, ${cut.lossPercent} %`,
  );
  return [
    `laboratory ${lab.layout.name}: ${state}`,
    ...hostLines,
    ...guestLines,
    await clusterLine(lab, 'hosts'),
    await clusterLine(lab, 'guests'),
    ...cuts,
  ].join('\n');
}

const row = (kind: string, name: string, address: string, state: string, note: string) =>
  `${kind.padEnd(7)}${name.padEnd(9)}${address.padEnd(13)}${state.padEnd(24)}${note}`.trimEnd();

async function clusterLine(lab: Lab, level: 'hosts' | 'guests'): Promise<string> {
  const members = membersOf(lab, level);
  if (members.length === 0) return `cluster of the ${level}: none`;
  const views = await Promise.all(
    members.map(async (member) => (await onlineNodes(lab, member)).sort().join(' ')),
  );
  const seen = members.map((member, index) => `${member}: ${views[index] || 'no answer'}`);
  const agreed = views.every((view) => view === members.join(' '));
  return `cluster of the ${level}: ${agreed ? `online, ${members.join(' ')}` : `seen online by ${seen.join('; ')}`}`;
}
