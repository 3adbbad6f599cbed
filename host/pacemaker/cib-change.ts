/**
 * Changes the configuration in one atomic update that never overwrites someone else's: `cibadmin --patch`.
 *
 * A patch names the version it was made for and the one it makes; Pacemaker checks the first, part by part, on every
 * node in the same order. What was found by experiment on 2.1.5:
 * - source = present, target's epoch higher: applied. Source older than present: refused, exit code 103 (`conflict`).
 * - Without `num_updates` in the source, it is the present one: changes of the *status* since then (an operation that
 *   ends, an attribute) don't refuse a patch, changes of the configuration do. 3.0 wants all three parts, so there
 *   the newest `num_updates` of the same epoch is asked for just before.
 * - Source *newer* than present (someone put an old configuration back): exit code 0, and nothing is done. So what
 *   was made is looked at before it is called done.
 * - Without versions, or by --modify, --create and --replace: the last writer wins.
 * - crm_diff gives source and target the same version, a patch that is always refused: hence our own `cib-diff.ts`.
 * - A result that the schema refuses: exit code 78, `invalid`, with the whole CIB on standard output.
 */
import { printXml } from '../xml/print-xml.ts';
import { type XmlElement, xmlElement } from '../xml/xml-element.ts';
import { type CibChange, changeElement } from './cib-diff.ts';
import { type Cib, type CibVersion, queryCibVersion } from './cib-query.ts';
import { cibTextFault } from './cib-text.ts';
import { callPacemaker, type Pacemaker, type PacemakerFailure } from './pacemaker-call.ts';

export type CibChangeResult = { readonly ok: true; readonly version: CibVersion } | PacemakerFailure;

/** `conflict`: the configuration is no longer `base`; query it, and plan again. */
export async function changeCib(
  pacemaker: Pacemaker,
  base: Cib,
  changes: readonly CibChange[],
): Promise<CibChangeResult> {
  if (changes.length === 0) return { ok: true, version: base.version };
  const elements = changes.map(changeElement);
  const fault = elements.map(textFaultIn).find((found) => found !== undefined);
  if (fault !== undefined) return { ok: false, kind: 'refused', fault };

  const source = await sourceVersion(pacemaker, base);
  if (!source.ok) return source;
  const target = { ...base.version, epoch: base.version.epoch + 1, numUpdates: 0 };
  const patch = xmlElement('diff', { format: '2' }, [
    xmlElement('version', {}, [
      xmlElement('source', source.attributes),
      xmlElement('target', versionAttributes(target)),
    ]),
    ...elements,
  ]);
  const answer = await callPacemaker(pacemaker, ['cibadmin', '--patch', '--xml-pipe'], {
    input: printXml(patch),
  });
  if (!answer.ok) return answer;

  const now = await queryCibVersion(pacemaker);
  if (!now.ok) return now;
  return isBefore(now.version, target) ? conflict(base.version, now.version) : now;
}

const PARTIAL_SOURCES_UNTIL = [3, 20];

async function sourceVersion(
  pacemaker: Pacemaker,
  base: Cib,
): Promise<{ readonly ok: true; readonly attributes: Record<string, string> } | PacemakerFailure> {
  const { admin_epoch, epoch } = versionAttributes(base.version);
  const [major = 0, minor = 0] = base.featureSet.split('.').map(Number);
  const [limitMajor = 0, limitMinor = 0] = PARTIAL_SOURCES_UNTIL;
  if (major < limitMajor || (major === limitMajor && minor < limitMinor)) {
    return { ok: true, attributes: { admin_epoch, epoch } };
  }
  const now = await queryCibVersion(pacemaker);
  if (!now.ok) return now;
  const isSame =
    now.version.adminEpoch === base.version.adminEpoch && now.version.epoch === base.version.epoch;
  return isSame
    ? { ok: true, attributes: versionAttributes(now.version) }
    : conflict(base.version, now.version);
}

function versionAttributes(version: CibVersion) {
  return {
    admin_epoch: String(version.adminEpoch),
    epoch: String(version.epoch),
    num_updates: String(version.numUpdates),
  };
}

const isBefore = (one: CibVersion, other: CibVersion) =>
  one.adminEpoch < other.adminEpoch || (one.adminEpoch === other.adminEpoch && one.epoch < other.epoch);

function conflict(expected: CibVersion, found: CibVersion): PacemakerFailure {
  const name = ({ adminEpoch, epoch }: CibVersion) => `${adminEpoch}.${epoch}`;
  return {
    ok: false,
    kind: 'conflict',
    fault: `the configuration was ${name(expected)} and is ${name(found)} now`,
  };
}

function textFaultIn(element: XmlElement): string | undefined {
  for (const value of [...Object.values(element.attributes), element.text]) {
    const fault = cibTextFault(value);
    if (fault !== undefined) return fault;
  }
  for (const child of element.children) {
    const fault = textFaultIn(child);
    if (fault !== undefined) return fault;
  }
  return undefined;
}
