/** vm-connectd -t host as a process of its own, on guests that its configuration names. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import {
  type GuestStatus,
  type HostStatus,
  readHostStatus,
} from '../../../host/connect/status/host-status.ts';
import { showHostStatus } from '../../../host/connect/status/show-host-status.ts';
import { bundledProgram } from '../../support/bundle.ts';
import { eventually } from '../../support/eventually.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

export const programFile = (): string => bundledProgram('host/bin/vm-connectd.ts');

export interface Run {
  readonly process: ChildProcess;
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Resolves to the exit status, or the signal, when it has ended. */
  readonly ended: Promise<number | NodeJS.Signals>;
}

export function runProgram(parameters: readonly string[], env: NodeJS.ProcessEnv = {}): Run {
  const child = spawn(process.execPath, [programFile(), ...parameters], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  return {
    process: child,
    stdout: () => stdout,
    stderr: () => stderr,
    ended: new Promise((resolve) => child.once('close', (code, signal) => resolve(code ?? signal ?? 1))),
  };
}

export class DaemonProcess {
  readonly directory: string;
  readonly socket: string;
  readonly config: string;
  readonly #env: NodeJS.ProcessEnv;
  run: Run;

  private constructor(directory: string, env: NodeJS.ProcessEnv) {
    this.directory = directory;
    this.#env = env;
    this.socket = join(directory, 'local.sock');
    this.config = join(directory, 'vm-connectd.conf');
    this.run = this.#start();
  }

  /** Resolves when it serves. */
  static async start(
    t: Pick<TestContext, 'after'>,
    guests: readonly string[],
    directory = temporaryDirectory(t),
    env: NodeJS.ProcessEnv = {},
  ): Promise<DaemonProcess> {
    writeConfig(directory, guests);
    const daemon = new DaemonProcess(directory, env);
    t.after(async () => {
      daemon.run.process.kill('SIGKILL');
      await daemon.run.ended;
    });
    await daemon.serves();
    return daemon;
  }

  socketOf(guest: string): string {
    return join(this.directory, `${guest}.sock`);
  }

  setGuests(guests: readonly string[]): void {
    writeConfig(this.directory, guests);
  }

  async killAndRestart(): Promise<void> {
    this.run.process.kill('SIGKILL');
    await this.run.ended;
    this.run = this.#start();
    await this.serves();
  }

  async serves(): Promise<void> {
    await eventually('the daemon serves', () => {
      if (this.run.process.exitCode !== null) throw new Error(`the daemon ended: ${this.run.stderr()}`);
      return this.run.stderr().includes('starting => running');
    });
  }

  async status(): Promise<HostStatus> {
    const json = await showHostStatus(this.socket, 'json');
    const status = readHostStatus(JSON.parse(json));
    if (status === undefined) throw new Error(`no status: ${json}`);
    return status;
  }

  async guest(name: string): Promise<GuestStatus | undefined> {
    return (await this.status()).guests.find((guest) => guest.name === name);
  }

  #start(): Run {
    return runProgram(['-t', 'host', '--config', this.config], {
      CIB_file: join(this.directory, 'no-cib.xml'),
      PM_KVM_TOOLS_LOG: 'plain',
      ...this.#env,
    });
  }
}

export const socketIn = (directory: string, guest: string): string => join(directory, `${guest}.sock`);

function writeConfig(directory: string, guests: readonly string[]): void {
  const sections = guests.map((guest) => `[guest ${guest}]\npath = ${socketIn(directory, guest)}\n`);
  const host = `[host]\nsocket = ${join(directory, 'local.sock')}\nlibvirt = test:///default\n`;
  writeFileSync(join(directory, 'vm-connectd.conf'), `${host}${sections.join('')}`);
}

export const isThere = (path: string): boolean => existsSync(path);
