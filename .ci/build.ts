/**
 * Builds `dist/`: one self-contained CommonJS file per program in `sbin/`, and in `lib/pm-kvm-tools/` the native part
 * of serialport, which no bundle can hold and which only a program that opens a port loads.
 *
 * Everything is built beside and renamed into place, file by file: whoever runs a program meanwhile, as the hosts of a
 * laboratory do, has the old one or the new one, and keeps the old one when a build fails.
 *
 * With SOURCEMAP=1 the bundles carry inline source maps, for coverage.
 */
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { build, type Plugin } from 'esbuild';

/** `vm-connectd` is two programs under one name, and `-t` says which; this is where they are joined. */
const CONNECTD = `
import { sideOf } from './shared/connectd-side.ts';
void (sideOf(process.argv.slice(2)) === 'guest'
  ? import('./guest/bin/vm-connectd.ts')
  : import('./host/bin/vm-connectd.ts'));
`;

const PROGRAMS: Readonly<Record<string, { file: string } | { source: string }>> = {
  'vm-ctl': { file: 'host/bin/vm-ctl.ts' },
  'vm-connectd': { source: CONNECTD },
  'vm-connect': { file: 'guest/bin/vm-connect.ts' },
  'vm-stonithd': { file: 'host/bin/vm-stonithd.ts' },
  'vm-managerd': { file: 'host/bin/vm-managerd.ts' },
  fence_vm: { file: 'guest/bin/fence-vm.ts' },
};

const PREBUILDS = 'node_modules/@serialport/bindings-cpp/prebuilds';
const NATIVE_LIBRARY = '../lib/pm-kvm-tools';

/** serialport looks for its native part in node_modules; ours lies beside the programs. */
const nativePart: Plugin = {
  name: 'native-part',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node-gyp-build$/ }, () => ({ path: 'serialport.node', namespace: 'native' }));
    onLoad({ filter: /.*/, namespace: 'native' }, () => ({
      contents: `
        const { join } = require('node:path');
        module.exports = () => require(join(__dirname, '${NATIVE_LIBRARY}', 'serialport-' + process.arch + '.node'));
      `,
      loader: 'js',
    }));
  },
};

mkdirSync('dist', { recursive: true });
const beside = mkdtempSync('dist/.build-');
process.on('exit', () => rmSync(beside, { recursive: true, force: true }));

for (const [name, from] of Object.entries(PROGRAMS)) {
  const outfile = `${beside}/sbin/${name}`;
  await build({
    ...('file' in from
      ? { entryPoints: [from.file] }
      : {
          stdin: { contents: from.source, resolveDir: '.', loader: 'ts' as const, sourcefile: `${name}.ts` },
        }),
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    banner: { js: '#!/usr/bin/env node' },
    sourcemap: process.env['SOURCEMAP'] === '1' ? 'inline' : false,
    plugins: [nativePart],
    logLevel: 'warning',
  });
  chmodSync(outfile, 0o755);
}

// So that the programs run where they are, in a tree whose own package is one of ES modules.
writeFileSync(`${beside}/package.json`, '{ "type": "commonjs" }\n');

mkdirSync(`${beside}/lib/pm-kvm-tools`, { recursive: true });
for (const arch of ['x64', 'arm64']) {
  const folder = `${PREBUILDS}/linux-${arch}`;
  const file = readdirSync(folder).find((name) => !name.includes('musl'));
  if (file === undefined) throw new Error(`${folder} holds no prebuilt library for glibc`);
  copyFileSync(`${folder}/${file}`, `${beside}/lib/pm-kvm-tools/serialport-${arch}.node`);
}

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

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)));
}
