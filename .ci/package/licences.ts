/**
 * Under which licences a package may be passed on: ours, and those of whatever the bundler put into its files, each with its
 * text, in Debian's machine-readable form. Sources are named as they lie in the tree.
 *
 * Texts that every Debian system has are not repeated there; elsewhere all is complete.
 */
import { readFileSync } from 'node:fs';
import { type Bundled, readBundled } from '../bundled.ts';
import type { Package } from './contents.ts';
import { put } from './stage.ts';

const OURS = 'GPL-2.0-or-later';

/** What Debian has in /usr/share/common-licenses, by how it begins. */
const COMMON = [
  { name: 'GPL-2', heading: ' *GNU GENERAL PUBLIC LICENSE\\n *Version 2, June 1991\\n' },
  { name: 'Apache-2.0', heading: ' *Apache License\\n *Version 2\\.0, January 2004\\n' },
] as const;
/** Or with the text itself. */
const COMMON_END = '\\n *END OF TERMS AND CONDITIONS *(?=\\n)';

/** The text is to be had elsewhere on the system. */
const inDebian = (name: string) =>
  `On Debian systems, the complete text is in /usr/share/common-licenses/${name}.`;

export const copyrightForDebian = (what: Package): string =>
  copyright(what, inDebian('GPL-2'), (text) =>
    COMMON.reduce(
      (rest, { name, heading }) =>
        rest.replace(new RegExp(`^${heading}[^]*?(?:${COMMON_END}|(?![^]))`, 'm'), inDebian(name)),
      text,
    ),
  );

/** Into this folder, for systems that have none of the texts. */
export function putLicences(what: Package, root: string, folder: string): void {
  const complete = copyright(
    what,
    'The complete text is in the file LICENSE beside this one.',
    (text) => text,
  );
  put(root, `${folder}/copyright`, complete, 0o644);
  put(root, `${folder}/LICENSE`, readFileSync('LICENSE'), 0o644);
}

/** Of all that is in the package, in SPDX's words. */
export function licenceExpression(what: Package): string {
  const others = new Set(bundledOf(what).map(({ licence }) => licence));
  const words = [...others].sort().map((licence) => (/ OR /.test(licence) ? bracketed(licence) : licence));
  return [OURS, ...words].join(' AND ');
}

const bracketed = (licence: string) => (licence.startsWith('(') ? licence : `(${licence})`);

interface Part extends Bundled {
  /** In the system. */
  readonly files: readonly string[];
}

/** Each package once, with all files that hold something of it. */
function bundledOf({ files }: Package): readonly Part[] {
  const parts = new Map<string, Part>();
  for (const one of readBundled()) {
    const to = files.find(({ from }) => from === `dist/${one.file}`)?.to;
    if (to !== undefined)
      parts.set(one.place, { ...one, files: [...(parts.get(one.place)?.files ?? []), `/${to}`] });
  }
  return [...parts.values()].sort((one, other) => (one.place < other.place ? -1 : 1));
}

function copyright(what: Package, whereOursIs: string, shorten: (text: string) => string): string {
  const parts = bundledOf(what);
  const stanzas = parts.map(
    ({ place, name, version, licence, text, files }) => `Files: ${place}/*
Copyright: ${holders(name, text).join('\n ')}
Comment: ${name} ${version}, in ${files.join(', ')}
License: ${licence.replace(/^\((.*)\)$/, '$1').replaceAll(' OR ', ' or ')}
${indented(shorten(text))}
`,
  );
  return [header(parts), ours(whereOursIs), ...stanzas].join('\n');
}

/** The one is compatible with version 3 of the other only, and ours is version 2 or any later. */
const header = (
  parts: readonly Part[],
) => `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
${
  parts.some(({ licence }) => licence.includes('Apache-2.0'))
    ? `Comment: Programs that are joined with code under Apache-2.0 are passed on as a whole under version 3 of the
 GNU General Public License, or any later version.
`
    : ''
}`;

const ours = (where: string) => `Files: *
Copyright: 2026 the pm-kvm-tools developers
License: GPL-2+
 This program is free software; you can redistribute it and/or modify it under the terms of the GNU General Public
 License as published by the Free Software Foundation; either version 2 of the License, or (at your option) any later
 version.
 .
 ${where}
`;

/** Whom the text names, but for the one who wrote the licence. */
function holders(name: string, text: string): string[] {
  const lines = [...text.matchAll(/^ *Copyright(?: \(c\))? (.*\S)/gm)].map(([, who = '']) => who);
  const named = [...new Set(lines)].filter((who) => !who.includes('Free Software Foundation'));
  return named.length > 0 ? named : [`the authors of ${name}`];
}

const indented = (text: string) =>
  text
    .split('\n')
    .map((line) => (line.trim() === '' ? ' .' : ` ${line.trimEnd()}`))
    .join('\n');
