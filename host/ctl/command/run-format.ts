/** `--format`: the configuration as text, and nothing else: no cluster is asked and none is changed. */
import type { Settings } from '../config/settings.ts';
import { crmText } from '../format/crm-text.ts';
import { pcsText } from '../format/pcs-text.ts';
import { isAscii } from '../format/words.ts';
import { xmlText } from '../format/xml-text.ts';
import { message } from '../messages/message.ts';
import { type AddWish, definitionsOf } from '../plan/plan-add.ts';
import { EXIT, type Report } from '../report/report.ts';
import { usage } from './usage.ts';

export function formatted(format: string, wish: AddWish, settings: Settings): Report {
  const print = { crm: crmText, pcs: pcsText, xml: xmlText };
  if (format !== 'crm' && format !== 'pcs' && format !== 'xml') {
    return usage([message('format-unknown', { format })]);
  }
  const { guests, problems } = definitionsOf(wish, settings);
  if (problems.length > 0) return { exitCode: EXIT.failed, problems };
  const text = print[format](guests);
  return format === 'crm' && !isAscii(text)
    ? { exitCode: EXIT.failed, problems: [message('crm-not-ascii')] }
    : { exitCode: EXIT.ok, text };
}
