/** npm run lab -- up|down|status|on HOST CMD…|in GUEST CMD…|… */
import { messageOf } from '../../shared/errors.ts';
import { inGuest, push } from './guest-agent.ts';
import { onHost } from './hosts.ts';
import { labHandle } from './lab-handle.ts';
import { labSpec } from './layout.ts';
import { reportToStderr } from './report.ts';
import { down, up } from './up-and-down.ts';

const [command, ...rest] = process.argv.slice(2);
const lab = labHandle();
try {
  if (command === 'up') await up(lab, labSpec(2, 2), reportToStderr);
  else if (command === 'down') await down(lab, reportToStderr);
  else if (command === 'push') await push(lab, rest[0] ?? '', rest[1] ?? '', rest[2] ?? '');
  else {
    const [name = '', ...argv] = rest;
    const r = await (command === 'on' ? onHost : inGuest)(lab, name, argv);
    process.stdout.write(r.stdout);
    process.stderr.write(r.stderr);
    if (r.kind !== 'exited') console.error(r);
    else process.exitCode = r.exitCode;
  }
} catch (thrown) {
  console.error(messageOf(thrown));
  process.exitCode = 1;
}
