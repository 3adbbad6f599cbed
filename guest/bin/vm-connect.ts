/** vm-connect: asks the host that this guest runs on. Wiring only. */
import { outliveReaders } from '../../shared/outlive-readers.ts';
import { runCommand } from '../connect/run-command.ts';

outliveReaders();
void runCommand(process.argv.slice(2), {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
}).then((exitCode) => {
  process.exitCode = exitCode;
});
