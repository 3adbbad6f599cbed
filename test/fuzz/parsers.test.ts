/**
 * Whatever is called like a parser of outside data, or has the words of one in it, is tried by a family, or stands here with the
 * reason why not. A family tries what it imports; a reason may
 * name the one parser that calls it.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { it } from 'node:test';

const TREE = resolve(import.meta.dirname, '../..');
const SOURCES = ['host', 'guest', 'shared'];

/** `parseX`, `readX`, `decodeX`, `judgeX`, `fromX`, `xFromY` and `xIn`, as all of them are called. */
const PARSER =
  /^export (?:async )?(?:function\*?|const) ((?:parse|read|decode|judge|from)[A-Z]\w*|\w+In|\w+From[A-Z]\w*)\b/gm;
/** Text is made into something else. */
const PARSES = /\b(?:JSON\.parse|parseXml|parseArgs)\(/;

const EXCUSED: Readonly<Record<string, string>> = {
  'host/connect/host-settings.ts#readHostSettings': 'reads the file; what stands in it: settingsIn',
  'host/connect/router/job.ts#parseAnswer': 'reads what this process has written itself',
  'host/ctl/check/ask-hosts.ts': 'JSON, whatever it holds: readHostFacts',
  'host/ctl/cluster/read-configuration.ts': 'a CIB from a file: parseXml, cibOf',
  'host/ctl/cluster/read-configuration.ts#readConfiguration':
    'reads the file; what stands in it: readSettings',
  'host/ctl/command/run-undo.ts': 'a CIB that we have written: parseXml',
  'host/ctl/guest-init/prepare-domain.ts#plugIn': 'plugs a channel in, and parses nothing',
  'host/ctl/plan/plan-location.ts#planLocationFromNode': 'makes a plan, and parses nothing',
  'host/libvirt/domain-file.ts#readDomainFile': 'reads the file; what stands in it: parseDomainXml',
  'host/libvirt/virsh.ts#errorsIn': 'the complaints of every call of virsh: virsh-tools',
  'host/pacemaker/attribute-sets.ts#valuesIn': 'all that is read of a configuration: cib',
  'host/pacemaker/cib-nodes.ts#transientAttributesIn': 'nodesIn',
  'host/pacemaker/cib-query.ts#readCibSection': 'queryCibSection',
  'host/pacemaker/pacemaker-call.ts#readXml': 'every call for XML: queryCib, queryCibSection',
  'host/stonith/libvirt/processes.ts#numbersIn': 'names of directories that the kernel makes',
  'host/stonith/pacemaker/meta-set.ts#sharedIn': 'readTarget',
  'shared/config/config-file.ts#readConfigFile': 'reads the file, and parses nothing',
  'shared/config/shell-word.ts#readWord': 'readShellConfig',
  'shared/protocol/v1-frame.ts#readV1Header': 'FrameDecoder',
  'shared/secret-file.ts#readSecretFile': 'reads the file, and parses nothing',
};

const sources = new Map(
  SOURCES.flatMap((folder) => typescriptIn(folder)).map((file) => [
    file,
    readFileSync(join(TREE, file), 'utf8'),
  ]),
);
const tried = new Set(typescriptIn('test/fuzz/families').flatMap(importsOf));

function typescriptIn(folder: string): readonly string[] {
  return readdirSync(join(TREE, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => join(folder, file));
}

/** `FILE` for each file that is imported, and `FILE#NAME` for what of it. */
function importsOf(file: string): readonly string[] {
  const text = readFileSync(join(TREE, file), 'utf8');
  return [...text.matchAll(/^import ([^;]*?) from '(\..*?)';/gms)].flatMap(([, what = '', from = '']) => {
    const path = relative(TREE, resolve(TREE, dirname(file), from));
    const names = what.replace(/^\{|\}$/g, '').split(',');
    return [path, ...names.map((name) => `${path}#${name.trim().split(' ')[0]}`)];
  });
}

const parsers = [...sources].flatMap(([file, text]) => [
  ...[...text.matchAll(PARSER)].map(([, name]) => `${file}#${name}`),
  ...(PARSES.test(text) ? [file] : []),
]);

it('each parser of outside data is tried by a family, or there is a reason why not', () => {
  const untried = parsers.filter((parser) => !tried.has(parser) && EXCUSED[parser] === undefined);
  assert.deepEqual(untried, [], 'import it in a family of test/fuzz/families, or excuse it here');
});

it('nothing is excused that is tried, or is not there', () => {
  const idle = Object.keys(EXCUSED).filter((parser) => tried.has(parser) || !parsers.includes(parser));
  assert.deepEqual(idle, []);
});
