/** A change of the configuration, carried out or only planned, as a report. */
import type { CibChange } from '../../pacemaker/cib-diff.ts';
import type { Simulation } from '../../pacemaker/simulate.ts';
import type { ChangeOutcome } from '../change/change-configuration.ts';
import { type Message, message } from '../messages/message.ts';
import { EXIT, type Report } from './report.ts';

/** `done` is told of each guest when the configuration has been changed. */
export function changeReport(outcome: ChangeOutcome, done: (guest: string) => Message): Report {
  switch (outcome.kind) {
    case 'refused':
    case 'unavailable':
      return {
        exitCode: outcome.kind === 'refused' ? EXIT.failed : EXIT.unavailable,
        problems: [...outcome.problems, message('nothing-changed')],
        warnings: outcome.warnings,
        data: { changed: false },
      };
    case 'nothing':
      return {
        exitCode: EXIT.ok,
        warnings: outcome.plan.warnings,
        lines: outcome.plan.notes,
        data: { changed: false, guests: outcome.plan.guests.map(({ domain }) => domain) },
      };
    case 'planned':
      return dryRunReport(outcome.plan, outcome.changes, outcome.simulation);
    case 'changed': {
      const { plan, backup = null, undo } = outcome;
      const saved = undo === undefined || backup === null ? [] : [message('backup-saved', { backup, undo })];
      const changed = plan.guests.map(({ domain }) => domain);
      return {
        exitCode: EXIT.ok,
        warnings: plan.warnings,
        lines: [...plan.notes, ...changed.map(done), ...saved],
        data: { changed: true, guests: changed, backup },
      };
    }
  }
}

function dryRunReport(
  plan: { readonly warnings: readonly Message[]; readonly notes: readonly Message[] },
  changes: readonly CibChange[],
  { actions }: Simulation,
): Report {
  const lines = changes.map(changeLine);
  const steps = actions
    .filter(({ action }) => action !== '')
    .map(({ action, resource, node, source, reason }) => ({
      action,
      resource: resource ?? null,
      node: node ?? null,
      source: source ?? null,
      reason: reason ?? null,
    }));
  const stepLines = steps.map(({ action, resource, node, source }) => {
    const place = source === null || source === node ? (node ?? '') : `${source} -> ${node}`;
    return message('plain', { text: `  ${action} ${resource ?? ''} ${place}`.trimEnd() });
  });
  return {
    exitCode: EXIT.ok,
    warnings: plan.warnings,
    lines: [
      ...plan.notes,
      message('dry-run-changes'),
      ...lines.map((text) => message('plain', { text: `  ${text}` })),
      stepLines.length === 0 ? message('dry-run-no-actions') : message('dry-run-actions'),
      ...stepLines,
    ],
    data: { changed: false, dryRun: true, changes: lines, actions: steps },
  };
}

/** `+ rsc_location locVMCTL_…`, `- …`, or `~ … value: Stopped -> Started`. */
function changeLine(change: CibChange): string {
  switch (change.operation) {
    case 'create':
      return `+ ${change.element.name} ${change.element.attributes['id'] ?? ''}`.trimEnd();
    case 'delete':
      return `- ${lastStep(change.path)}`;
    case 'modify': {
      const { from, to } = change;
      const names = new Set([...Object.keys(from.attributes), ...Object.keys(to.attributes)]);
      const differences = [...names]
        .filter((name) => from.attributes[name] !== to.attributes[name])
        .map((name) => `${name}: ${from.attributes[name] ?? '-'} -> ${to.attributes[name] ?? '-'}`);
      return `~ ${lastStep(change.path)} ${differences.join(', ')}`;
    }
  }
}

function lastStep(path: string): string {
  const step = path.split('/').at(-1) ?? path;
  const [, name = step, id = ''] = /^([^[]+)(?:\[@id='(.*)'\])?$/.exec(step) ?? [];
  return `${name} ${id}`.trimEnd();
}
