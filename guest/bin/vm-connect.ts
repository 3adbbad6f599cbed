/** vm-connect: asks the host that this guest runs on. Wiring only. */
import { runCommand } from '../connect/run-command.ts';

void runCommand(process.argv.slice(2), {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
}).then((exitCode) => {
  process.exitCode = exitCode;
});
