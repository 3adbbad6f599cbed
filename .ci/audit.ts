/** npm run audit: what the registry knows of vulnerabilities in the dependencies that are built into the programs. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { auditVerdict } from './audit-verdict.ts';

const DEADLINE_MS = 120_000;

const { stdout, error } = spawnSync('npm', ['audit', '--omit=dev', '--json'], {
  cwd: join(import.meta.dirname, '..'),
  encoding: 'utf8',
  stdio: ['ignore', 'pipe', 'ignore'],
  timeout: DEADLINE_MS,
});
const fault = error === undefined ? stdout : JSON.stringify({ message: `npm: ${error.message}` });
const { exitStatus, lines } = auditVerdict(fault);
for (const line of lines) (exitStatus === 0 ? console.log : console.error)(line);
process.exitCode = exitStatus;
