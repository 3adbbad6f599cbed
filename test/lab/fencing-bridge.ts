/** The bridge of a laboratory's host, played by the test: fencing alone, without guests that ask. */
import { join } from 'node:path';
import { BridgeStandIn } from '../support/bridge-stand-in.ts';
import type { Laboratory } from './lab.ts';

export const playBridge = (lab: Laboratory, host: string): Promise<BridgeStandIn> =>
  BridgeStandIn.listen(join(lab.rootOf(host) ?? '', 'run/vmconnectd.sock'));
