/**
 * Two hosts and one small victim that runs nothing, fenced by whoever plays vm-connectd: fencing alone, without the time
 * that guests take. Whether the victim lives is told by processes on the machine, whatever any cluster or libvirt says.
 */
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { silentLogger } from '../../shared/log.ts';
import { type LocalConnection, LocalServer } from '../../shared/protocol/local-server.ts';
import type { Json } from '../../shared/protocol/message.ts';
import { startProgram } from './fencing-world.ts';
import type { Laboratory } from './lab.ts';
import { waitFor } from './wait-for.ts';

export const VICTIM = 'fault-victim';
export const RESOURCE = `prmVMCTL_${VICTIM}`;
const XML = `/var/lib/libvirt/images/${VICTIM}.xml`;

const DOMAIN = `<domain type='qemu'>
  <name>${VICTIM}</name>
  <memory unit='MiB'>32</memory><vcpu>1</vcpu>
  <os><type arch='x86_64' machine='pc-q35-7.2'>hvm</type></os>
  <devices><emulator>/usr/bin/qemu-system-x86_64</emulator><memballoon model='none'/></devices>
</domain>
`;

const pair = (name: string, value: string) =>
  `<nvpair id="${RESOURCE}-${name}" name="${name}" value="${value}"/>`;

const CHANGE = `<configuration><resources><primitive id="${RESOURCE}" class="ocf" provider="extra" type="VirtualDomain">
<instance_attributes id="${RESOURCE}-i">${pair('config', XML)}${pair('hypervisor', 'qemu:///system')}</instance_attributes>
<meta_attributes id="${RESOURCE}-m">${pair('target-role', 'Started')}</meta_attributes>
<operations><op id="${RESOURCE}-stop" name="stop" interval="0" timeout="20s" on-fail="fence"/>
<op id="${RESOURCE}-monitor" name="monitor" interval="10s" timeout="30s"/></operations></primitive></resources>
<constraints><rsc_location id="${RESOURCE}-place" rsc="${RESOURCE}" node="hostb" score="100"/></constraints></configuration>`;

export interface Answer {
  readonly text: string;
  readonly detail: Json | undefined;
}

/** The host's end of the bridge, for one host and as long as it is wanted. */
export class BridgeStandIn {
  readonly #server: LocalServer;
  readonly #open = new Map<
    string,
    { readonly text: string; readonly untilMs: number; readonly done: (answer: Answer) => void }
  >();
  #service: LocalConnection | undefined;

  private constructor(listen: (standIn: BridgeStandIn) => LocalServer) {
    this.#server = listen(this);
  }

  static async listen(lab: Laboratory, host: string): Promise<BridgeStandIn> {
    const path = join(lab.rootOf(host) ?? '', 'run/vmconnectd.sock');
    rmSync(path, { force: true });
    let standIn: BridgeStandIn | undefined;
    const server = await LocalServer.listen({
      path,
      role: 'host',
      agent: 'a stand-in',
      session: randomUUID(),
      log: silentLogger,
      handlers: {
        onFrame(connection, frame) {
          if (frame.kind !== 'message') return;
          const { message } = frame;
          if (message.type === 'register') standIn?.registered(connection, message.service);
          if (message.type === 'reply' && 'text' in message)
            standIn?.replied(message.id, { text: message.text, detail: message.detail });
        },
        onClosed: () => undefined,
      },
    });
    standIn = new BridgeStandIn(() => server);
    return standIn;
  }

  registered(connection: LocalConnection, service: string): void {
    this.#service = connection;
    connection.send({ type: 'registered', service });
    for (const id of this.#open.keys()) this.#send(id);
  }

  replied(id: string, answer: Answer): void {
    this.#open.get(id)?.done(answer);
    this.#open.delete(id);
  }

  get isServed(): boolean {
    return this.#service !== undefined && !this.#service.isClosed;
  }

  /** Undefined: no answer came in time, which is a no. */
  ask(text: string, deadlineMs: number): Promise<Answer | undefined> {
    const id = randomUUID();
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#open.delete(id);
        resolve(undefined);
      }, deadlineMs);
      const done = (answer: Answer) => {
        clearTimeout(timer);
        resolve(answer);
      };
      this.#open.set(id, { text, untilMs: performance.now() + deadlineMs, done });
      this.#send(id);
    });
  }

  breakLink(): void {
    this.#service?.close();
  }

  close(): Promise<void> {
    return this.#server.close();
  }

  #send(id: string): void {
    const asked = this.#open.get(id);
    if (asked === undefined) return;
    const deadlineMs = Math.max(1, Math.round(asked.untilMs - performance.now()));
    const request = {
      id,
      service: 'stonith',
      text: asked.text,
      deadlineMs,
      guest: 'asker',
      protocol: 2,
    } as const;
    this.#service?.send({ type: 'request', ...request });
  }
}

export async function buildFaultWorld(lab: Laboratory): Promise<string> {
  await lab.pushPrograms();
  await lab.output('hosta', ['/bin/sh', '-c', `cat >${XML}`], { input: DOMAIN });
  const keys = '/etc/pm-kvm-tools/keys';
  await lab.output('hosta', ['/bin/sh', '-c', `rm -f ${keys}; vm-ctl key make`]);
  const argv = ['vm-ctl', 'token', 'make', '--resource', RESOURCE, '--guest', 'asker'];
  const token = (await lab.output('hosta', argv)).trim();
  await lab.ask('hosts', [
    'cibadmin',
    '--modify',
    '--allow-create',
    '--scope',
    'configuration',
    '--xml-text',
    CHANGE,
  ]);
  await waitFor('the victim runs', 30_000, () => victims() > 0);
  await lab.waitForIdle('hosts');
  return token;
}

export const startStonithd = (lab: Laboratory) =>
  startProgram(lab, 'hosta', 'vm-stonithd', '--log-level', 'debug');

/** Processes of the victim's QEMU; those that only wait to be reaped are none. */
export function victims(): number {
  return readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && isVictim(pid)).length;
}

function isVictim(pid: string): boolean {
  try {
    const argv = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    return (
      argv[0]?.includes('qemu-system') === true && argv.some((word) => word.startsWith(`guest=${VICTIM},`))
    );
  } catch {
    return false;
  }
}
