/** The guest's two programs as processes, in a directory of their own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { bundledProgram } from '../support/bundle.ts';
import { eventually } from '../support/eventually.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { makePty, type Pty } from './agent/stand-in.ts';

export interface Ended {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Program {
  readonly process: ChildProcess;
  readonly stdout: () => string;
  readonly stderr: () => string;
  readonly ended: Promise<Ended>;
  says(pattern: RegExp): Promise<void>;
}

/** Starts a program; it is killed at the end of the test if it is still there. */
export async function start(
  t: TestContext,
  name: 'vm-connectd' | 'vm-connect',
  parameters: readonly string[],
  { uid }: { readonly uid?: number } = {},
): Promise<Program> {
  const child = spawn(process.execPath, [bundledProgram(`guest/bin/${name}.ts`), ...parameters], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, PM_KVM_TOOLS_LOG: 'plain' },
    ...(uid === undefined ? {} : { uid, gid: uid }),
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const ended = new Promise<Ended>((resolve) =>
    child.once('close', (exitCode) => resolve({ exitCode, stdout, stderr })),
  );
  t.after(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  return {
    process: child,
    stdout: () => stdout,
    stderr: () => stderr,
    ended,
    says: async (pattern) => {
      await eventually(`${name} says ${pattern}`, () => pattern.test(stdout + stderr));
    },
  };
}

export interface GuestSide {
  readonly directory: string;
  readonly pty: Pty;
  readonly socket: string;
  /** vm-connectd on the pty and the socket. */
  startAgent(...parameters: string[]): Promise<Program>;
  /** vm-connect on the socket. */
  ask(...parameters: string[]): Promise<Program>;
  askToEnd(...parameters: string[]): Promise<Ended>;
}

export async function guestSide(t: TestContext): Promise<GuestSide> {
  const directory = temporaryDirectory(t);
  const pty = await makePty(t, directory);
  const socket = join(directory, 'vmconnectd.sock');
  const ask = (...parameters: string[]) => start(t, 'vm-connect', [...parameters, '--socket', socket]);
  return {
    directory,
    pty,
    socket,
    ask,
    askToEnd: async (...parameters) => (await ask(...parameters)).ended,
    startAgent: async (...parameters) => {
      const words = ['-t', 'guest', '--port', pty.device, '--socket', socket, ...parameters];
      const agent = await start(t, 'vm-connectd', words);
      await agent.says(/starting => running/);
      return agent;
    },
  };
}

export async function kill(program: Program, signal: NodeJS.Signals): Promise<Ended> {
  program.process.kill(signal);
  return program.ended;
}
