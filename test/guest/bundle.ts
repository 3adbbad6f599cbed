/** The guest's programs as one file each, made once for a file of tests: they start in a tenth of the time. */
import { chmodSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';

const require = createRequire(import.meta.url);
const nativeFile: string = require('node-gyp-build').path(
  dirname(require.resolve('@serialport/bindings-cpp/package.json')),
);

/** serialport's native part, straight from node_modules. */
const nativePart: Plugin = {
  name: 'native-part',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node-gyp-build$/ }, () => ({ path: 'serialport.node', namespace: 'native' }));
    onLoad({ filter: /.*/, namespace: 'native' }, () => ({
      contents: `const file = ${JSON.stringify(nativeFile)}; module.exports = () => require(file);`,
      loader: 'js',
    }));
  },
};

let directory: string | undefined;

/** The path of the program. */
export async function bundleOf(name: 'vm-connectd' | 'vm-connect'): Promise<string> {
  directory ??= ownDirectory();
  const outfile = join(directory, name);
  if (existsSync(outfile)) return outfile;
  await build({
    entryPoints: [fileURLToPath(new URL(`../../guest/bin/${name}.ts`, import.meta.url))],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    sourcemap: 'inline',
    plugins: [nativePart],
    logLevel: 'warning',
  });
  return outfile;
}

function ownDirectory(): string {
  const made = mkdtempSync(join(tmpdir(), 'pm-kvm-tools-bundles-'));
  chmodSync(made, 0o755); // some tests run the programs as somebody else
  process.on('exit', () => rmSync(made, { recursive: true, force: true }));
  return made;
}
