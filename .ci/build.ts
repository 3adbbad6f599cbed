/**
 * Builds `dist/`: one CommonJS file per program in `sbin/`, and in `lib/pm-kvm-tools/` what programs load only when they
 * come to need it: the native part of serialport, which no bundle can hold, the largest of the dependencies, the two
 * sides of vm-connectd, the service of vm-stonithd, the commands of vm-ctl. Node parses the whole of a file before its first line runs, which was most of a program's start.
 *
 * Everything is built beside and renamed into place, file by file: whoever runs a program meanwhile, as the hosts of a
 * laboratory do, has the old one or the new one, and keeps the old one when a build fails.
 *
 * `dist/bundled.json` says whose code is in which of the files.
 *
 * With SOURCEMAP=1 the bundles carry inline source maps, for coverage.
 */
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { build, type Plugin, transform } from 'esbuild';
import { BUNDLED, type Bundled, bundledFrom, bundledIn } from './bundled.ts';

/** `vm-connectd` is two programs under one name, and `-t` says which; this is where they are joined. */
const CONNECTD = `
import { join } from 'node:path';
import { sideOf } from './shared/connectd-side.ts';
require(join(__dirname, '../lib/pm-kvm-tools', 'vm-connectd-' + sideOf(process.argv.slice(2)) + '.cjs'));
`;

const PROGRAMS: Readonly<Record<string, { file: string } | { source: string }>> = {
  'vm-ctl': { file: 'host/bin/vm-ctl.ts' },
  'vm-connectd': { source: CONNECTD },
  'vm-connect': { file: 'guest/bin/vm-connect.ts' },
  'vm-stonithd': { file: 'host/bin/vm-stonithd.ts' },
  'vm-managerd': { file: 'host/bin/vm-managerd.ts' },
  fence_vm: { file: 'guest/bin/fence-vm.ts' },
};

/** Files in `lib/pm-kvm-tools/`. */
const PARTS: Readonly<Record<string, { file: string } | { source: string }>> = {
  'vm-connectd-host': { file: 'host/bin/vm-connectd.ts' },
  'vm-connectd-guest': { file: 'guest/bin/vm-connectd.ts' },
  'vm-stonithd-service': { file: 'host/stonith/service/serve.ts' },
  'vm-ctl-commands': { file: 'host/ctl/command/run-command-line.ts' },
  execa: { source: "export { execa } from 'execa';" },
  saxes: { source: "export { SaxesParser } from 'saxes';" },
  'node-forge': { source: "module.exports = require('node-forge');" },
};

const PREBUILDS = 'node_modules/@serialport/bindings-cpp/prebuilds';
/** What they are compiled of; the second is headers alone. */
const NATIVE_SOURCES = ['node_modules/@serialport/bindings-cpp', 'node_modules/node-addon-api'];

/** Parts of Node that it loads when they are required, and that help, versions and most commands do without. */
const LATE = ['node:child_process', 'node:crypto', 'node:fs/promises', 'node:net', 'node:readline/promises'];
const hereRequire = createRequire(import.meta.url);

/** Of a module of ours that is one: whoever imports it dynamically has it from there. Each has its own of every class. */
function partOf(module: string): string | undefined {
  const [name] =
    Object.entries(PARTS).find(([, from]) => 'file' in from && resolve(from.file) === module) ?? [];
  return name;
}

/** Links in the place of modules, for a file that finds `lib/pm-kvm-tools/` at this path from its own folder. */
function linksTo(library: string): Plugin {
  const part = (file: string) => `require(require('node:path').join(__dirname, '${library}', ${file}))`;
  /** What is imported is looked up, and its part loaded, when it is first used. */
  const whenUsed = (names: readonly string[], from: string) => `
    let loaded;
    const load = () => (loaded ??= ${from});
    module.exports = { ${names.map((name) => `get ${name}() { return load().${name}; }`).join(', ')} };
  `;
  const links: Record<string, string> = {
    execa: whenUsed(['execa'], part("'execa.cjs'")),
    saxes: whenUsed(['SaxesParser'], part("'saxes.cjs'")),
    'node-forge': `module.exports = ${part("'node-forge.cjs'")};`, // whoever imports it does so when it is used
    // serialport looks for its native part in node_modules.
    'node-gyp-build': `module.exports = () => ${part("'serialport-' + process.arch + '.node'")};`,
  };
  for (const name of Object.keys(PARTS)) links[`${name}.cjs`] = `module.exports = ${part(`'${name}.cjs'`)};`;
  for (const name of LATE) links[name] = whenUsed(Object.keys(hereRequire(name)), `require('${name}')`);
  return {
    name: 'links',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: new RegExp(`^(${Object.keys(links).join('|')})$`) }, ({ path, namespace }) =>
        namespace === 'link' ? { path, external: true } : { path, namespace: 'link' },
      );
      onResolve({ filter: /\.ts$/ }, ({ path, kind, resolveDir }) => {
        const name = kind === 'dynamic-import' ? partOf(resolve(resolveDir, path)) : undefined;
        return name === undefined ? undefined : { path: `${name}.cjs`, namespace: 'link' };
      });
      onLoad({ filter: /.*/, namespace: 'link' }, ({ path }) => ({
        contents: links[path] ?? '',
        loader: 'js',
      }));
    },
  };
}

/** The bundler leaves comments within classes where they are: a quarter of what Node has to read. Names and lines stay. */
const withoutComments: Plugin = {
  name: 'without-comments',
  setup({ onLoad }) {
    onLoad({ filter: /\.[cm]?[jt]s$/ }, async ({ path }) => {
      const source = readFileSync(path, 'utf8');
      const loader = path.endsWith('ts') ? 'ts' : 'js';
      return { contents: (await transform(source, { loader, minifyWhitespace: true })).code, loader: 'js' };
    });
  },
};

mkdirSync('dist', { recursive: true });
const beside = mkdtempSync('dist/.build-');
process.on('exit', () => rmSync(beside, { recursive: true, force: true }));

const hasSourceMaps = process.env['SOURCEMAP'] === '1';
const plugins = (library: string) => [linksTo(library), ...(hasSourceMaps ? [] : [withoutComments])];
const COMMON = {
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  sourcemap: hasSourceMaps ? 'inline' : false,
  logLevel: 'warning',
  metafile: true,
} as const;
const bundled: Bundled[] = [];

for (const [name, from] of Object.entries(PROGRAMS)) {
  const outfile = `${beside}/sbin/${name}`;
  const banner = { js: '#!/usr/bin/env node' };
  const { metafile } = await build({
    ...COMMON,
    ...entry(name, from),
    outfile,
    banner,
    plugins: plugins('../lib/pm-kvm-tools'),
  });
  chmodSync(outfile, 0o755);
  bundled.push(...bundledIn(`sbin/${name}`, metafile));
}
for (const [name, from] of Object.entries(PARTS)) {
  const outfile = `${beside}/lib/pm-kvm-tools/${name}.cjs`;
  const { metafile } = await build({
    ...COMMON,
    ...entry(name, from),
    outfile,
    plugins: 'file' in from ? plugins('.') : [withoutComments],
  });
  bundled.push(...bundledIn(`lib/pm-kvm-tools/${name}.cjs`, metafile));
}

// So that the programs run where they are, in a tree whose own package is one of ES modules.
writeFileSync(`${beside}/package.json`, '{ "type": "commonjs" }\n');

for (const arch of ['x64', 'arm64']) {
  const folder = `${PREBUILDS}/linux-${arch}`;
  const file = readdirSync(folder).find((name) => !name.includes('musl'));
  if (file === undefined) throw new Error(`${folder} holds no prebuilt library for glibc`);
  const target = `lib/pm-kvm-tools/serialport-${arch}.node`;
  copyFileSync(`${folder}/${file}`, `${beside}/${target}`);
  bundled.push(...NATIVE_SOURCES.map((place) => bundledFrom(target, place)));
}
writeFileSync(`${beside}/${BUNDLED}`, JSON.stringify(bundled));

const built = new Set(filesBelow(beside));
for (const file of built) {
  mkdirSync(dirname(join('dist', file)), { recursive: true });
  renameSync(join(beside, file), join('dist', file));
}
for (const folder of ['sbin', 'lib']) {
  for (const file of filesBelow(join('dist', folder))) {
    if (!built.has(join(folder, file))) rmSync(join('dist', folder, file)); // it is built no longer
  }
}

function entry(name: string, from: { file: string } | { source: string }) {
  if ('file' in from) return { entryPoints: [from.file] };
  return {
    stdin: { contents: from.source, resolveDir: '.', loader: 'ts' as const, sourcefile: `${name}.ts` },
  };
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)));
}
