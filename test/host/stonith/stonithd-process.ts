/**
 * vm-stonithd as it is installed: the built program, on a libvirt whose domains stand in a file (which virsh opens for that
 * of the host, for the daemon takes no other), with the bridge played by the test. Its own places below /run and /var/log are this test's: it has a mount namespace of its own.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { buildSync } from 'esbuild';
import type { KeySet } from '../../../host/stonith/token/key.ts';
import { saveKeys } from '../../../host/stonith/token/key-file.ts';
import { BridgeStandIn } from '../../support/bridge-stand-in.ts';
import { eventually } from '../../support/eventually.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

export const DOMAIN = 'prmVMCTL_guest2';

/** Shut off, as far as libvirt's own test driver is concerned. */
const DOMAINS = `<node xmlns:test='http://libvirt.org/schemas/domain/test/1.0'>
<domain type='test'><name>${DOMAIN}</name><memory>8192</memory><os><type>hvm</type></os>
<test:runstate>5</test:runstate></domain>
</node>
`;

let bundle: string | undefined;

/** Bundled once for a file of tests. */
function programFile(): string {
  if (bundle !== undefined) return bundle;
  const directory = mkdtempSync(join(tmpdir(), 'pm-kvm-tools-program-'));
  process.on('exit', () => rmSync(directory, { recursive: true, force: true }));
  const outfile = join(directory, 'vm-stonithd');
  buildSync({
    entryPoints: [join(import.meta.dirname, '../../../host/bin/vm-stonithd.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    sourcemap: 'inline',
  });
  bundle = outfile;
  return outfile;
}

/** Its first two words are `-c` and the URI. */
const virshOf = (domains: string) => `#!/bin/sh\nshift 2\nexec /usr/bin/virsh -c 'test://${domains}' "$@"\n`;

const OWN_PLACES = 'mount --bind "$0/run" /run && mount --bind "$0/log" /var/log && exec "$@"';

export interface Ended {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export class StonithProcess {
  readonly directory: string;
  readonly bridge: BridgeStandIn;
  /** What the daemon that was started last has logged. */
  log = '';

  private constructor(directory: string, bridge: BridgeStandIn) {
    this.directory = directory;
    this.bridge = bridge;
  }

  /** All but the daemon itself. */
  static async prepare(t: TestContext): Promise<StonithProcess> {
    const directory = temporaryDirectory(t);
    for (const name of ['run', 'log', 'bin']) mkdirSync(join(directory, name));
    writeFileSync(join(directory, 'domains.xml'), DOMAINS);
    writeFileSync(join(directory, 'bin/virsh'), virshOf(join(directory, 'domains.xml')), { mode: 0o755 });
    const bridge = await BridgeStandIn.listen(join(directory, 'bridge.sock'));
    t.after(() => bridge.close());
    const world = new StonithProcess(directory, bridge);
    world.configure('');
    return world;
  }

  get #config(): string {
    return join(this.directory, 'vm-stonithd.conf');
  }

  configure(more: string): void {
    const place = (name: string) => join(this.directory, name);
    writeFileSync(
      this.#config,
      `[stonith]\nbackend = libvirt\nkeys = ${place('keys')}\nsocket = ${place('bridge.sock')}\n${more}`,
    );
  }

  setKeys(keys: KeySet): void {
    saveKeys(join(this.directory, 'keys'), keys);
  }

  /** Runs until the test is over, or is told to stop. */
  async start(t: TestContext, ...flags: readonly string[]): Promise<ChildProcess> {
    this.log = '';
    const child = this.#spawn(flags);
    child.stderr?.on('data', (chunk: Buffer) => {
      this.log += chunk.toString();
    });
    t.after(() => child.kill('SIGKILL'));
    await eventually('it serves', () => {
      if (child.exitCode !== null) throw new Error(`it ended: ${this.log}`);
      return this.log.includes('=> registered');
    });
    return child;
  }

  /** Runs it to its end, for what it shows or refuses, or until it is in the background. */
  run(...flags: readonly string[]): Promise<Ended> {
    return endOf(this.#spawn(flags));
  }

  /** Runs another program of Node where its places are. */
  runBeside(...words: readonly string[]): Promise<Ended> {
    return endOf(this.#spawnThere([process.execPath, ...words]));
  }

  /** Every audit record so far. */
  audit(): readonly string[] {
    const file = join(this.directory, 'log/pm-kvm-tools/audit.log');
    return existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : [];
  }

  #spawn(flags: readonly string[]): ChildProcess {
    return this.#spawnThere([process.execPath, programFile(), '--config', this.#config, ...flags]);
  }

  #spawnThere(program: readonly string[]): ChildProcess {
    return spawn('unshare', ['--mount', '/bin/sh', '-c', OWN_PLACES, this.directory, ...program], {
      env: {
        ...process.env,
        PATH: `${join(this.directory, 'bin')}:${process.env['PATH']}`,
        PM_KVM_TOOLS_LOG: 'plain',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }
}

function endOf(child: ChildProcess): Promise<Ended> {
  const said = { stdout: '', stderr: '' };
  child.stdout?.on('data', (chunk: Buffer) => {
    said.stdout += chunk.toString();
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    said.stderr += chunk.toString();
  });
  return new Promise((resolve) => child.once('exit', (exitCode) => resolve({ exitCode, ...said })));
}
