/**
 * `undo`: puts back the configuration as it was before the last change, if nothing else has changed since. That being
 * so, nobody's work is lost; being otherwise, the message says where the former configuration is.
 */
import { readFileSync } from 'node:fs';
import { messageOf } from '../../../shared/errors.ts';
import { parseXml } from '../../xml/parse-xml.ts';
import { elementAt, type XmlElement } from '../../xml/xml-element.ts';
import { changeConfiguration } from '../change/change-configuration.ts';
import { forgetChange, type LastChange, lastChange } from '../change/history.ts';
import type { Facts } from '../cluster/facts.ts';
import type { Session } from '../cluster/session.ts';
import { type Message, message } from '../messages/message.ts';
import { replaceChild } from '../plan/edit-cib.ts';
import { changeReport } from '../report/change-report.ts';
import { EXIT, type Report } from '../report/report.ts';
import type { Invocation } from './invocation.ts';
import { usage } from './usage.ts';

export async function runUndo(session: Session, { names, options, typed }: Invocation): Promise<Report> {
  if (names.length > 0) return usage([message('no-names-here', { names: names.join(' ') })]);
  let last: LastChange | undefined;
  try {
    last = lastChange(session.stateDirectory);
  } catch (thrown) {
    return { exitCode: EXIT.failed, problems: [message('record-unreadable', { fault: messageOf(thrown) })] };
  }
  if (last === undefined) return { exitCode: EXIT.failed, problems: [message('nothing-to-undo')] };
  const former = formerConfiguration(last.backup);
  if (!('name' in former)) return { exitCode: EXIT.failed, problems: [former] };
  const { command, backup } = last;
  const change = last;
  const outcome = await changeConfiguration(session, {
    command: typed,
    needs: {},
    isDryRun: options.flag('dry-run'),
    isRecorded: false,
    plan: (facts) => ({
      problems: isUnchangedSince(change, facts) ? [] : [message('changed-since', { command, backup })],
      warnings: [],
      notes: [],
      after: withConfiguration(facts.cib.root, former),
      guests: [],
    }),
    ...(options.flag('yes') ? {} : { question: () => message('confirm-undo', { command }) }),
  });
  if (outcome.kind !== 'changed' && outcome.kind !== 'nothing') {
    return changeReport(outcome, () => message('undone', { command }));
  }
  forgetChange(session.stateDirectory);
  const replaced = outcome.kind === 'changed' ? outcome.backup : undefined;
  const saved = replaced === undefined ? [] : [message('backup-only', { backup: replaced })];
  return {
    exitCode: EXIT.ok,
    lines: [message('undone', { command }), ...saved],
    data: { changed: outcome.kind === 'changed', undone: command },
  };
}

const isUnchangedSince = ({ after }: LastChange, { cib }: Facts) =>
  cib.version.adminEpoch === after.adminEpoch && cib.version.epoch === after.epoch;

function formerConfiguration(backup: string): XmlElement | Message {
  const unreadable = (fault: string) => message('backup-unreadable', { backup, fault });
  let text: string;
  try {
    text = readFileSync(backup, 'utf8');
  } catch (thrown) {
    return unreadable(messageOf(thrown));
  }
  const document = parseXml(text);
  if (!document.ok) return unreadable(document.fault);
  return elementAt(document.root, 'configuration') ?? unreadable('it has no <configuration>');
}

function withConfiguration(cib: XmlElement, configuration: XmlElement): XmlElement {
  const current = elementAt(cib, 'configuration');
  return current === undefined ? cib : replaceChild(cib, current, configuration);
}
