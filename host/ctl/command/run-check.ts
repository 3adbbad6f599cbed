/** `check`: looks for what is wrong. Exit status 0 only when nothing is. */
import { paths } from '../../../shared/paths.ts';
import { readDomainFile } from '../../libvirt/domain-file.ts';
import { findingsOf, type SeenFile } from '../check/findings.ts';
import { guestsIn } from '../cluster/guests.ts';
import { readConfiguration } from '../cluster/read-configuration.ts';
import type { Session } from '../cluster/session.ts';
import type { Catalogue } from '../messages/message.ts';
import { message } from '../messages/message.ts';
import { render } from '../messages/render.ts';
import { EXIT, type Report } from '../report/report.ts';
import type { Invocation } from './run-change.ts';
import { usage } from './usage.ts';

export async function runCheck(
  session: Session,
  { names }: Invocation,
  catalogue: Catalogue,
): Promise<Report> {
  if (names.length > 0) return usage([message('no-names-here')]);
  const read = await readConfiguration(session);
  if (!read.ok) return { exitCode: EXIT.unavailable, problems: read.problems };
  const guests = guestsIn(read.cib.root);
  const files = new Map<string, SeenFile>();
  for (const { resource, primitive } of guests) {
    const path = primitive.instanceAttributes.get('config');
    if (path !== undefined) files.set(resource, await readDomainFile(path));
  }
  const findings = findingsOf({
    settings: session.settings,
    cib: read.cib.root,
    status: read.status,
    files,
    portName: paths.portName,
  });
  return {
    exitCode: findings.length === 0 ? EXIT.ok : EXIT.failed,
    problems: findings,
    lines: findings.length === 0 ? [message('check-good', { guests: guests.length })] : [],
    data: {
      guests: guests.length,
      findings: findings.map((found) => ({
        key: found.key,
        message: render(found, catalogue),
        ...found.values,
      })),
    },
  };
}
