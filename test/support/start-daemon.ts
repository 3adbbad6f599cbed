/** The fixture daemon, in a directory of its own. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { eventually } from './eventually.ts';
import { fixtureCommand, type RunningFixture, startFixture } from './run-fixture.ts';
import { temporaryDirectory } from './temporary-directory.ts';

export interface FixtureDaemon extends RunningFixture {
  readonly directory: string;
  readonly pidFile: string;
  /** What the pid file says, if it is there. */
  pid(): number | undefined;
  events(): string;
  open(gate: string): void;
}

export interface DaemonSetting {
  readonly directory?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export function startDaemon(
  t: TestContext,
  words: readonly string[],
  { directory = temporaryDirectory(t), env = {} }: DaemonSetting = {},
): FixtureDaemon {
  const fixture = startFixture(fixtureCommand('daemon.ts', directory, ...words), env);
  const pidFile = join(directory, 'pid');
  const pid = () => (existsSync(pidFile) ? Number(readFileSync(pidFile, 'utf8')) : undefined);
  t.after(async () => {
    fixture.process.kill('SIGKILL');
    await fixture.ended;
  });
  const eventFile = join(directory, 'events');
  return {
    ...fixture,
    directory,
    pidFile,
    pid,
    events: () => (existsSync(eventFile) ? readFileSync(eventFile, 'utf8') : ''),
    open: (gate) => writeFileSync(join(directory, gate), ''),
  };
}

export const eventOf = (daemon: FixtureDaemon, words: string): Promise<true> =>
  eventually(words, () => daemon.events().includes(words));
