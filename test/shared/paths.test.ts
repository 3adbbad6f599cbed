import assert from 'node:assert/strict';
import { test } from 'node:test';
import { paths } from '../../shared/paths.ts';
import { assertPathFits } from '../../shared/unix-socket.ts';

test('every path is absolute and plain, and a socket can be made at the one for it', () => {
  const { portName, ...rest } = paths;
  for (const path of Object.values(rest)) assert.match(path, /^(\/[\w.-]+)+$/);
  assert.match(portName, /^\w+$/);
  assert.ok(paths.guestPort.endsWith(`/${portName}`));
  assertPathFits(paths.connectSocket, 'listen on');
});
