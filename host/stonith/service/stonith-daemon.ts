/**
 * vm-stonithd as a whole: its keys, its back end, its place at vm-connectd, and what SIGHUP and SIGTERM do to it.
 *
 * Invariant: keys or a configuration that can't be used leave those in force that were; without any the daemon does not
 * start, for it could only refuse everybody.
 */
import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Clock } from '../../../shared/clock.ts';
import type { RunningDaemon } from '../../../shared/daemon/run-daemon.ts';
import { listenForStatus } from '../../../shared/daemon/status-socket.ts';
import { PmError } from '../../../shared/errors.ts';
import type { Logger } from '../../../shared/log.ts';
import { paths } from '../../../shared/paths.ts';
import type { CommandRunner } from '../../../shared/process/run-command.ts';
import type { Json } from '../../../shared/protocol/message.ts';
import { ServiceClient } from '../../../shared/protocol/service-client.ts';
import { queryLocalNode } from '../../pacemaker/local-node.ts';
import type { FenceBackEnd } from '../desk/back-end.ts';
import { DomainBackEnd } from '../libvirt/domain-back-end.ts';
import { ClusterBackEnd } from '../pacemaker/cluster-back-end.ts';
import { fingerprint } from '../token/key.ts';
import { loadKeys } from '../token/key-file.ts';
import type { TokenPolicy } from '../token/read-token.ts';
import { v1Decrypter } from '../token/v1-decrypter.ts';
import { AuditLog } from './audit-log.ts';
import { Counts } from './counts.ts';
import { FenceService } from './fence-service.ts';
import type { StonithSettings } from './settings.ts';

export interface StonithDaemonOptions {
  readonly agent: string;
  readonly host: string;
  /** Reads them anew at every call; throws for what can't be used. */
  readonly settings: () => StonithSettings;
  readonly run: CommandRunner;
  readonly clock: Clock;
  readonly log: Logger;
}

const NODE_WITHIN_MS = 5_000;
const RESTARTED_FOR = ['backend', 'libvirt', 'socket'] as const;

interface InForce extends TokenPolicy {
  readonly settings: StonithSettings;
}

export async function startStonithDaemon(options: StonithDaemonOptions): Promise<RunningDaemon> {
  const inForce = policyOf(options.settings(), options.run, options.log);
  const backEnd = await backEndOf(inForce.settings, options);
  try {
    return await serve(backEnd, inForce, options);
  } catch (thrown) {
    await backEnd.stop();
    throw thrown;
  }
}

async function serve(
  backEnd: FenceBackEnd,
  first: InForce,
  options: StonithDaemonOptions,
): Promise<RunningDaemon> {
  const { agent, clock, log, run } = options;
  const { settings } = first;
  let inForce = first;
  const counts = new Counts();
  mkdirSync(dirname(paths.auditLog), { recursive: true, mode: 0o750 });
  const audit = new AuditLog(paths.auditLog, log, () => clock.nowMs());
  const service = new FenceService({ backEnd, policy: () => inForce, clock, log, audit, counts });
  const publishKey = async () => {
    const done = await backEnd.publishKey(fingerprint(inForce.keys));
    if (!done.ok) log.warning('the fingerprint of the keys could not be published', { reason: done.fault });
  };
  // Whoever asks how it is may do so before it has looked at what it was about.
  let client: ServiceClient | undefined;
  const clientState = () => client?.state ?? 'starting';
  const status = await listenForStatus({
    path: paths.stonithSocket,
    agent,
    session: randomUUID(),
    log,
    status: (): Json => ({
      agent,
      pid: process.pid,
      backend: settings.backend,
      host: backEnd.host,
      service: clientState(),
      jobs: service.jobs,
      keys: inForce.keys.map(({ id, state }) => ({ id, state })),
      fingerprint: fingerprint(inForce.keys),
      version1: inForce.decryptV1 !== undefined,
      auditLost: audit.lost,
      counters: counts.json(),
    }),
    metrics: () =>
      counts.prometheus({
        jobs: service.jobs,
        auditLost: audit.lost,
        isRegistered: clientState() === 'registered',
      }),
  });
  await service.start();
  await publishKey();
  client = new ServiceClient({
    socketPath: settings.socket,
    service: 'stonith',
    log,
    onRequest: (request) => service.request(request),
    onCancel: (job) => service.cancel(job),
  });
  return {
    async reload() {
      const next = policyOf(options.settings(), run, log);
      if (RESTARTED_FOR.some((name) => next.settings[name] !== settings[name])) {
        log.warning('another backend, libvirt or socket takes a restart to come into effect');
      }
      inForce = next;
      await publishKey();
    },
    async stop() {
      await service.stop();
      await client?.stop();
      await status.close();
      await audit.flush();
      await backEnd.stop();
    },
  };
}

function policyOf(settings: StonithSettings, run: CommandRunner, log: Logger): InForce {
  const keys = loadKeys(settings.keys) ?? [];
  const { decrypt } = settings;
  const decryptV1 = decrypt === undefined ? undefined : v1Decrypter({ ...decrypt, run });
  if (keys.length === 0 && decryptV1 === undefined) {
    throw new PmError({
      code: 'config',
      what: 'cannot judge any token',
      fault: `there is no key in ${settings.keys}, and no decrypt command for tokens of version 1`,
      remedy: 'make a key (vm-ctl key make) and copy the file to all hosts',
    });
  }
  if (decryptV1 !== undefined) {
    log.warning('tokens of version 1 are accepted: whoever holds one may do anything to its guest');
  }
  return { settings, keys, decryptV1 };
}

const LIBVIRT = {
  pids: paths.libvirtRunDirectory,
  logs: paths.libvirtLogDirectory,
  saves: paths.libvirtSaveDirectory,
};

async function backEndOf(
  { backend, libvirt }: StonithSettings,
  { host, run, clock, log }: StonithDaemonOptions,
): Promise<FenceBackEnd> {
  switch (backend) {
    case 'pacemaker': {
      const node = await queryLocalNode({ run, deadlineMs: NODE_WITHIN_MS });
      return new ClusterBackEnd({ host: node.ok ? node.node : host, run, clock, log });
    }
    case 'libvirt':
      return new DomainBackEnd({
        host,
        run,
        clock,
        log,
        uri: libvirt,
        folders: LIBVIRT,
        startsFile: paths.stonithStarts,
      });
  }
}
