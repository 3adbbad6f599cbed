/**
 * Whose code is in what is built: the bundler says which packages it took something of, and each must have a name, a version,
 * a licence and the text of it. The build writes it down beside the files, so it is as old as they are.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Metafile } from 'esbuild';
import { PmError } from '../shared/errors.ts';

/** One package in one file. */
export interface Bundled {
  /** Below `dist/`. */
  readonly file: string;
  /** Where it lay: `node_modules/execa`. */
  readonly place: string;
  readonly name: string;
  readonly version: string;
  /** As the package names it, in SPDX's words. */
  readonly licence: string;
  readonly text: string;
}

export const BUNDLED = 'bundled.json';

/** Texts of packages that come without one, from their sources: a file `NAME-VERSION`, so that each version is looked at. */
const OTHER_TEXTS = join(import.meta.dirname, 'licences');

/** Of what the bundler left out altogether nothing is said. */
export function bundledIn(file: string, { outputs }: Metafile): Bundled[] {
  const inputs = Object.values(outputs).flatMap((output) => Object.entries(output.inputs));
  const places = inputs.flatMap(([input, { bytesInOutput }]) => {
    const place = /^.*node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(input)?.[0];
    return place === undefined || bytesInOutput === 0 ? [] : [place];
  });
  return [...new Set(places)].sort().map((place) => bundledFrom(file, place));
}

export function bundledFrom(file: string, place: string): Bundled {
  const about = membersOf(JSON.parse(readFileSync(join(place, 'package.json'), 'utf8')));
  const member = (key: string) => {
    const value = about[key];
    if (typeof value !== 'string' || value === '') throw nameless(place, key);
    return value;
  };
  const [name, version, licence] = [member('name'), member('version'), member('license')];
  return { file, place, name, version, licence, text: textOf(place, name, version) };
}

function textOf(place: string, name: string, version: string): string {
  const other = join(OTHER_TEXTS, `${name.replace('/', '-')}-${version}`);
  const own = readdirSync(place).find((entry) => /^(licen[cs]e|copying)(\.|$)/i.test(entry));
  const path = own === undefined ? other : join(place, own);
  const text = existsSync(path) ? readFileSync(path, 'utf8').replaceAll('\r', '').trim() : '';
  if (text === '') throw textless(`${name} ${version}`, place, other);
  return text;
}

/** What the last build wrote. */
export function readBundled(): readonly Bundled[] {
  const path = join('dist', BUNDLED);
  if (!existsSync(path)) throw notBuilt(path, 'is not there');
  const list: unknown = JSON.parse(readFileSync(path, 'utf8'));
  if (!Array.isArray(list)) throw notBuilt(path, 'is no list');
  return list.map((one: unknown) => {
    const members = membersOf(one);
    const member = (key: string) => {
      const value = members[key];
      if (typeof value !== 'string') throw notBuilt(path, `lacks ${key} of a package`);
      return value;
    };
    const [file, place, name, version] = [member('file'), member('place'), member('name'), member('version')];
    return { file, place, name, version, licence: member('licence'), text: member('text') };
  });
}

const membersOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? { ...value } : {};

const nameless = (place: string, key: string) =>
  new PmError({
    code: 'environment',
    what: `cannot ship what is bundled of ${place}`,
    fault: `its package.json says no ${key}`,
    remedy: 'do without this package',
  });

const textless = (what: string, place: string, path: string) =>
  new PmError({
    code: 'environment',
    what: `cannot ship what is bundled of ${what}`,
    fault: `there is no licence text in ${place}`,
    remedy: `put the one of its source into ${path}`,
  });

const notBuilt = (path: string, fault: string) =>
  new PmError({
    code: 'environment',
    what: 'cannot tell whose code is in the programs',
    fault: `${path} ${fault}`,
    remedy: 'npm run build',
  });
