/**
 * Shell completion. The scripts know the commands and options; names they ask for when they are wanted, by
 * `vm-ctl completion domains|guests|nodes`, which prints one a line and nothing when the system does not answer.
 */
import { paths } from '../../../shared/paths.ts';
import { runCommand } from '../../../shared/process/run-command.ts';
import { listDomains } from '../../libvirt/domain-list.ts';
import { nodesIn } from '../../pacemaker/cib-nodes.ts';
import { queryCib } from '../../pacemaker/cib-query.ts';
import { guestsIn } from '../cluster/guests.ts';
import { loadSettings } from '../config/load-settings.ts';
import { message } from '../messages/message.ts';
import { EXIT, type Report } from '../report/report.ts';
import { bashScript, zshScript } from './completion-scripts.ts';
import { usage } from './usage.ts';

const DEADLINE_MS = 5_000;

export async function runCompletion([what = '', ...rest]: readonly string[]): Promise<Report> {
  if (rest.length > 0) return usage([message('shell-needed')]);
  switch (what) {
    case 'bash':
      return { exitCode: EXIT.ok, text: bashScript() };
    case 'zsh':
      return { exitCode: EXIT.ok, text: zshScript() };
    case 'domains':
      return lines(await domains());
    case 'guests':
    case 'nodes':
      return lines(await inCluster(what));
    default:
      return usage([message('shell-needed')]);
  }
}

const lines = (names: readonly string[]): Report => ({
  exitCode: EXIT.ok,
  text: names.map((name) => `${name}\n`).join(''),
});

async function domains(): Promise<readonly string[]> {
  const uri = loadSettings(paths.vmCtlConfig, false).settings.hypervisor;
  const answer = await listDomains({ run: runCommand, uri, deadlineMs: DEADLINE_MS });
  return answer.ok ? answer.domains.map(({ name }) => name) : [];
}

async function inCluster(what: 'guests' | 'nodes'): Promise<readonly string[]> {
  const answer = await queryCib({ run: runCommand, deadlineMs: DEADLINE_MS });
  if (!answer.ok) return [];
  const { root } = answer.cib;
  return what === 'nodes'
    ? nodesIn(root).map(({ name }) => name)
    : guestsIn(root).map(({ domain }) => domain);
}
