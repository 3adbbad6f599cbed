/** `host init`: ping, disks and daemons into the cluster by one change, and into vm-ctl.conf where that sets nothing yet. */
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { GivenOptions } from '../../../shared/command-line.ts';
import { paths } from '../../../shared/paths.ts';
import { changeConfiguration } from '../change/change-configuration.ts';
import type { Session } from '../cluster/session.ts';
import { DAEMONS, type Daemon, type HostWish, wholeDefinition } from '../host-init/host-definition.ts';
import { hostCrmText, hostPcsText, hostXmlText } from '../host-init/host-text.ts';
import { planHost } from '../host-init/plan-host.ts';
import { missingLines, setsNothing, settingsText, settingsToAppend } from '../host-init/settings-lines.ts';
import { formProblems, targetProblems } from '../host-init/target-problems.ts';
import { type Message, message } from '../messages/message.ts';
import { changeReport } from '../report/change-report.ts';
import { EXIT, type Report } from '../report/report.ts';
import type { Invocation } from './invocation.ts';
import { usage } from './usage.ts';

export async function runHostInit(session: Session, { names, options, typed }: Invocation): Promise<Report> {
  const wish = wishOf(options);
  const problems = [
    ...(names.length === 0 ? [] : [message('no-names-here', { names: names.join(' ') })]),
    ...(wish === undefined ? [message('daemons-form', { daemons: DAEMONS.join(',') })] : formProblems(wish)),
  ];
  if (wish === undefined || problems.length > 0) return usage(problems);
  const format = options.text('format');
  if (format !== undefined) return formatted(format, wish);
  if (!session.isOffline) {
    const missing = await targetProblems(wish, wholeDefinition(wish), session.pacemaker.run);
    if (missing.length > 0) {
      return {
        exitCode: EXIT.failed,
        problems: [...missing, message('nothing-changed')],
        data: { changed: false },
      };
    }
  }
  const outcome = await changeConfiguration(session, {
    command: typed,
    needs: {},
    plan: (facts) => planHost(wish, facts).plan,
    isDryRun: options.flag('dry-run'),
  });
  const report = changeReport(outcome, (guest) => message('plain', { text: guest }));
  if (!('facts' in outcome)) return report;
  const { entries } = planHost(wish, outcome.facts);
  const lines = missingLines(entries, session.settings);
  const path = options.text('config') ?? paths.vmCtlConfig;
  const isDone = outcome.kind !== 'planned';
  const isOurs = !session.isOffline || options.text('config') !== undefined;
  const told = settle(lines, path, { isOurs, isDone });
  const hints = isDone ? hintsOf(wish, outcome.kind === 'changed') : [];
  return {
    ...report,
    lines: [...(report.lines ?? []), ...told, ...hints],
    data: { ...report.data, settings: lines },
  };
}

/** Undefined for daemons that are none. */
function wishOf(options: GivenOptions): HostWish | undefined {
  const words = (name: string) =>
    options
      .texts(name)
      .flatMap((text) => text.split(/[\s,]+/))
      .filter((word, index, all) => word !== '' && all.indexOf(word) === index);
  const wanted = options.text('daemons');
  const daemons = wanted === undefined ? DAEMONS : daemonsIn(wanted);
  return daemons === undefined ? undefined : { ping: words('ping'), disks: words('disk'), daemons };
}

function daemonsIn(text: string): readonly Daemon[] | undefined {
  if (text === 'none') return [];
  const words = text.split(',').map((word) => word.trim());
  const known = DAEMONS.filter((daemon) => words.includes(daemon));
  return known.length === new Set(words).size ? known : undefined;
}

function formatted(format: string, wish: HostWish): Report {
  const print = { crm: hostCrmText, pcs: hostPcsText, xml: hostXmlText };
  if (format !== 'crm' && format !== 'pcs' && format !== 'xml') {
    return usage([message('format-unknown', { format })]);
  }
  return { exitCode: EXIT.ok, text: print[format](wholeDefinition(wish)) };
}

/** A file that sets anything is somebody's work: what it lacks is only told. One that sets nothing came with a package. */
function settle(
  lines: readonly string[],
  path: string,
  { isOurs, isDone }: { readonly isOurs: boolean; readonly isDone: boolean },
): readonly Message[] {
  if (lines.length === 0) return [message('settings-complete', { path })];
  const shown = lines.map((text) => message('plain', { text: `  ${text}` }));
  const present = existsSync(path) ? readFileSync(path, 'utf8') : undefined;
  if (!isOurs || (present !== undefined && !setsNothing(present)))
    return [message('settings-lack', { path }), ...shown];
  if (!isDone) return [message('settings-to-write', { path }), ...shown];
  if (present === undefined) writeFileSync(path, settingsText(lines), { flag: 'wx', mode: 0o644 });
  else appendFileSync(path, settingsToAppend(present, lines));
  return [message('settings-written', { path })];
}

function hintsOf({ daemons }: HostWish, isChanged: boolean): readonly Message[] {
  if (!isChanged || daemons.length === 0) return [];
  return [
    message('host-units', { units: ['vm-connectd', ...daemons].join(' ') }),
    ...(daemons.includes('vm-stonithd') && !existsSync(paths.keys)
      ? [message('no-keys', { path: paths.keys })]
      : []),
  ];
}
