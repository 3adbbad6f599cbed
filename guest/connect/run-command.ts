/** What vm-connect does, once the command line is understood. Resolves to the exit status. */
import { messageOf, PmError } from '../../shared/errors.ts';
import { ask } from '../../shared/protocol/local-client.ts';
import { VERSION } from '../../shared/version.ts';
import { callOff } from './call-off.ts';
import { type Command, type RequestCommand, readCommandLine, USAGE } from './command-line.ts';
import { answerOf, EXIT } from './failure.ts';
import { ping } from './ping.ts';
import { showStatus } from './show-status.ts';

export interface Console {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
}

/** How long to wait for a vm-connectd that is just being started anew. */
const ABSENT_MS = 3_000;

/** Whatever goes wrong is one line on standard error and an exit status. */
export async function runCommand(argv: readonly string[], console: Console): Promise<number> {
  let isQuiet = false;
  try {
    const command = readCommandLine(argv);
    isQuiet = 'isQuiet' in command && command.isQuiet;
    return await run(command, console);
  } catch (thrown) {
    if (!isQuiet) console.err(`vm-connect: ${messageOf(thrown)}\n`);
    return thrown instanceof PmError ? thrown.exitCode : EXIT.failure;
  }
}

async function run(command: Command, { out, err }: Console): Promise<number> {
  switch (command.kind) {
    case 'help':
      out(USAGE);
      return EXIT.ok;
    case 'version':
      out(`vm-connect ${VERSION}\n`);
      return EXIT.ok;
    case 'request':
      return request(command, { out, err });
    case 'call-off':
      return callOff(command.id, command);
    case 'ping':
      return ping(command, out);
    case 'status':
      return showStatus({ ...command, form: command.isJson ? 'json' : 'text', write: out });
  }
}

async function request(command: RequestCommand, { out, err }: Console): Promise<number> {
  const { service, text, id, awaitsReply, known, socketPath, timeoutMs, isJson, isVerbose } = command;
  const startedMs = performance.now();
  const asked = await ask({
    socketPath,
    service,
    text,
    deadlineMs: timeoutMs,
    absentMs: ABSENT_MS,
    ...(id === undefined ? {} : { id }),
    ...(awaitsReply ? {} : { reply: false }),
    ...(known === undefined ? {} : { detail: { known } }),
  });
  if (isVerbose) err(`vm-connect: ${service} took ${Math.round(performance.now() - startedMs)} ms\n`);
  if (isJson && asked.ok && 'error' in asked.answer) out(`${JSON.stringify(asked.answer)}\n`);
  const answer = answerOf(asked, service);
  if (isJson) out(`${JSON.stringify(answer)}\n`);
  else if (awaitsReply) out(`${answer.text}\n`);
  return EXIT.ok;
}
