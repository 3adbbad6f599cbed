/**
 * Programs of the tree as one file each, made once for a file of tests: they start in a tenth of the time. They lie in
 * a folder of their own that says what kind of modules they are, whatever lies above it.
 */
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { buildSync } from 'esbuild';

const TREE = resolve(import.meta.dirname, '../..');
const NATIVE = 'native.cjs';

/** The path of the program; `source` is a file of the tree, such as `host/bin/vm-ctl.ts`. */
export function bundledProgram(source: string): string {
  // Host and guest have programs of the same name.
  const outfile = join(ownDirectory(), dirname(source).replaceAll('/', '-'), nameOf(source));
  if (existsSync(outfile)) return outfile;
  buildSync({
    entryPoints: [join(TREE, source)],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    banner: { js: '#!/usr/bin/env node' },
    sourcemap: 'inline',
    alias: { 'node-gyp-build': `./${NATIVE}` },
    absWorkingDir: ownDirectory(),
    external: ['*.node'],
    logLevel: 'warning',
  });
  chmodSync(outfile, 0o755);
  return outfile;
}

/** The same for a program whose modules wait for something before they are done. */
export function bundledModule(source: string): string {
  const outfile = join(ownDirectory(), `${nameOf(source)}.mjs`);
  if (existsSync(outfile)) return outfile;
  buildSync({
    entryPoints: [join(TREE, source)],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire('/');" },
    sourcemap: 'inline',
    logLevel: 'warning',
  });
  return outfile;
}

/** As the installed one is called: fence-vm.ts makes fence_vm. */
const nameOf = (source: string) => basename(source, '.ts').replace(/^fence-vm$/, 'fence_vm');

let directory: string | undefined;

function ownDirectory(): string {
  if (directory !== undefined) return directory;
  const made = mkdtempSync(join(tmpdir(), 'pm-kvm-tools-programs-'));
  process.on('exit', () => rmSync(made, { recursive: true, force: true }));
  chmodSync(made, 0o755); // some tests run the programs as somebody else
  writeFileSync(join(made, 'package.json'), '{ "type": "commonjs" }\n');
  writeFileSync(join(made, NATIVE), `module.exports = () => require(${JSON.stringify(nativeLibrary())});\n`);
  directory = made;
  return made;
}

/** The part of serialport that no bundle can hold, straight from node_modules. */
function nativeLibrary(): string {
  const { resolve: find } = createRequire(import.meta.url);
  const folder = join(
    dirname(find('@serialport/bindings-cpp/package.json')),
    `prebuilds/linux-${process.arch}`,
  );
  const file = readdirSync(folder).find((name) => !name.includes('musl'));
  if (file === undefined) throw new Error(`${folder} holds no prebuilt library for glibc`);
  return join(folder, file);
}
