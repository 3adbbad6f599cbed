/**
 * Builds `dist/`: one self-contained CommonJS file per program in `sbin/`, and in `lib/pm-kvm-tools/` the native part
 * of serialport, which no bundle can hold and which only a program that opens a port loads.
 *
 * With SOURCEMAP=1 the bundles carry inline source maps, for coverage.
 */
import { chmodSync, copyFileSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
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

rmSync('dist', { recursive: true, force: true });
for (const [name, from] of Object.entries(PROGRAMS)) {
  const outfile = `dist/sbin/${name}`;
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
writeFileSync('dist/package.json', '{ "type": "commonjs" }\n');

mkdirSync('dist/lib/pm-kvm-tools', { recursive: true });
for (const arch of ['x64', 'arm64']) {
  const folder = `${PREBUILDS}/linux-${arch}`;
  const file = readdirSync(folder).find((name) => !name.includes('musl'));
  if (file === undefined) throw new Error(`${folder} holds no prebuilt library for glibc`);
  copyFileSync(`${folder}/${file}`, `dist/lib/pm-kvm-tools/serialport-${arch}.node`);
}
