/** What must be again in the hosts' cluster as it was: its configuration and its nodes' attributes, name by name. */
import { parseXml } from '../../host/xml/parse-xml.ts';
import type { XmlElement } from '../../host/xml/xml-element.ts';
import { resourceOf } from '../lab/fencing-tokens.ts';
import { HOSTS } from '../lab/fencing-world.ts';
import type { Laboratory } from '../lab/lab.ts';
import { VICTIMS } from './chaos-names.ts';

/** What is where, by a path of names and ids. */
export type Holdings = ReadonlyMap<string, string>;

/** The cluster's own memory of what it has seen and done; of ours nothing is in there. */
const MAY_DIFFER = [
  /\[last-lrm-refresh\]/,
  /\[cib-last-written\]/,
  /\[(fail-count|last-failure)-/,
  /\[(probe_complete|shutdown|terminate)\]/,
  // Pacemaker's own: its controller tells it when it joins, and a pacemaker-attrd that was killed has forgotten it.
  /\[#feature-set\]/,
  // What holds them is there only as long as there are any.
  /\/transient_attributes\[[^\]]*\](\/instance_attributes\[[^\]]*\])?$/,
];

export async function holdingsOf(lab: Laboratory): Promise<Holdings> {
  const configuration = await lab.ask('hosts', ['cibadmin', '--query', '--scope', 'configuration']);
  const status = await lab.ask('hosts', ['cibadmin', '--query', '--scope', 'status']);
  return new Map([...flat(treeOf(configuration)), ...flat(transientIn(treeOf(status)))]);
}

function treeOf(xml: string): XmlElement {
  const parsed = parseXml(xml);
  if (!parsed.ok) throw new Error(`the cluster's answer can't be read: ${parsed.fault}`);
  return parsed.root;
}

/** Of each node its transient attributes and nothing of its history. */
const transientIn = (status: XmlElement): XmlElement => ({
  ...status,
  children: status.children.map((node) => ({
    ...node,
    attributes: { id: node.attributes['uname'] ?? '' },
    children: node.children.filter(({ name }) => name === 'transient_attributes'),
  })),
});

/** Two things of one name are told apart by their number. */
export function flat(root: XmlElement): Holdings {
  const found = new Map<string, string>();
  const add = (element: XmlElement, above: string) => {
    const { id, name, ...more } = element.attributes;
    const own = `${above}/${element.name}[${name ?? id ?? ''}]`;
    let path = own;
    for (let count = 2; found.has(path); count++) path = `${own}#${count}`;
    const words = Object.entries(more).toSorted(([one], [other]) => (one < other ? -1 : 1));
    found.set(path, words.map(([key, value]) => `${key}=${value}`).join(' '));
    for (const child of element.children) add(child, path);
  };
  add(root, '');
  return found;
}

export function differences(before: Holdings, after: Holdings): readonly string[] {
  const names = [...new Set([...before.keys(), ...after.keys()])];
  return names.flatMap((name) => {
    const was = before.get(name);
    const is = after.get(name);
    if (was === is || MAY_DIFFER.some((pattern) => pattern.test(name))) return [];
    if (was === undefined) return [`in the cluster: ${name} ${is}`];
    return [
      is === undefined ? `no longer in the cluster: ${name}` : `in the cluster: ${name} was ${was}, is ${is}`,
    ];
  });
}

/** A load that has ended leaves the victims on or off as it likes. */
export const butRoles = (holdings: Holdings): Holdings =>
  new Map([...holdings].filter(([name]) => !name.includes('[target-role]')));

const MARKS = ['force_stop', 'arriving'] as const;
/** What attrd_updater says on standard error of an attribute that there is not. */
const IS_NONE = /does not exist|No such device or address/;

const NAMES = MARKS.flatMap((mark) => VICTIMS.map((victim) => `${mark}-${resourceOf(victim)}`));
const ASK = `for name in ${NAMES.join(' ')}; do
  said=$(attrd_updater -Q -A -n $name 2>&1); echo "$name $? $(echo $said)"
done`;

/** In pacemaker-attrd of each host, which need not be in the CIB. */
export async function marksLeft(lab: Laboratory): Promise<readonly string[]> {
  const all = await Promise.all(
    HOSTS.map(async (host) =>
      markLinesLeft((await lab.output(host, ['/bin/bash', '--norc', '-c', ASK])).trim().split('\n'), host),
    ),
  );
  return all.flat();
}

/** Each line is an attribute's name, the exit status of who asked for it, and what it said. */
export function markLinesLeft(lines: readonly string[], host: string): readonly string[] {
  return NAMES.flatMap((name) => {
    const line = lines.find((one) => one.startsWith(`${name} `)) ?? `${name} was not asked for`;
    if (line.startsWith(`${name} 0 `)) return /value="[^"]/.test(line) ? [`on ${host}: ${line}`] : [];
    return IS_NONE.test(line) ? [] : [`pacemaker-attrd of ${host} does not tell: ${line}`];
  });
}
