/** `npm run audit` passes only when a registry was asked and knows nothing; npm itself asks, a server of the test answers. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { auditVerdict } from '../../.ci/audit-verdict.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const ROOT = join(import.meta.dirname, '../..');

const ADVISORY = {
  id: 1,
  url: 'https://example.org/advisory',
  title: 'it does too much',
  severity: 'high',
  vulnerable_versions: '>=0.0.1',
  cwe: [],
  cvss: { score: 0, vectorString: null },
};

interface Audited {
  readonly exitStatus: number | null;
  readonly said: string;
}

/** The command, with a registry that answers this. */
async function audit(t: TestContext, status: number, answer: object): Promise<Audited> {
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      response.writeHead(request.url?.includes('/advisories/bulk') === true ? status : 404);
      response.end(JSON.stringify(answer));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const address: AddressInfo | string | null = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  const child = spawn(process.execPath, ['--import', 'tsx', '.ci/audit.ts'], {
    cwd: ROOT,
    env: {
      ...process.env,
      npm_config_registry: `http://127.0.0.1:${address.port}/`,
      npm_config_cache: temporaryDirectory(t),
      npm_config_fetch_retries: '0',
      HTTP_PROXY: '',
      http_proxy: '',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
  const exitStatus = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { exitStatus, said };
}

test('a registry that knows of nothing lets the audit pass', async (t) => {
  const { exitStatus, said } = await audit(t, 200, {});
  assert.equal(exitStatus, 0, said);
});

test('what it knows is named, and the audit fails', async (t) => {
  const { exitStatus, said } = await audit(t, 200, { execa: [ADVISORY] });
  assert.equal(exitStatus, 1, said);
  assert.match(said, /^audit: execa .*\(high\): it does too much https:\/\/example\.org\/advisory$/m);
});

test('a registry that does not answer is no pass, and the audit says so', async (t) => {
  const { exitStatus, said } = await audit(t, 405, {});
  assert.equal(exitStatus, 2, said);
  assert.match(said, /^audit: nobody was asked: 405 .*take this for no verdict$/m);
});

test('whatever else npm says is no pass', () => {
  for (const said of [
    '',
    'null',
    '[]',
    '{}',
    '{"vulnerabilities":{}}',
    '{"metadata":{"vulnerabilities":{"total":"0"}}}',
  ])
    assert.equal(auditVerdict(said).exitStatus, 2, said);
  const hidden = '{"vulnerabilities":{},"metadata":{"vulnerabilities":{"total":1}}}';
  assert.equal(auditVerdict(hidden).exitStatus, 1);
});
