/**
 * A host with many guests for vm-connectd: a CIB and an XML file for each, as Pacemaker and libvirt would have them,
 * and the programs around the daemon, each a process of its own.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Json } from '../../shared/protocol/message.ts';
import { cpuMsOf } from '../support/process-table.ts';
import { own } from './leaves-nothing.ts';

const HERE = import.meta.dirname;

export const guestName = (number: number) => `guest${number}`;

export class BridgeWorld {
  readonly directory: string;
  readonly socket: string;
  readonly cib: string;
  readonly config: string;
  /** The XML of each guest. */
  readonly files: readonly string[];
  readonly #libvirt: string;

  constructor(directory: string, guests: number, libvirt = 'test:///default') {
    this.directory = directory;
    this.#libvirt = libvirt;
    this.config = join(directory, 'vm-connectd.conf');
    this.socket = join(directory, 'local.sock');
    this.cib = join(directory, 'cib.xml');
    const template = readFileSync(join(HERE, '../support/recorded/libvirt/domain-defined.xml'), 'utf8');
    for (const folder of ['s', 'x']) mkdirSync(join(directory, folder));
    const resources: string[] = [];
    const files: string[] = [];
    for (let number = 1; number <= guests; number++) {
      const name = guestName(number);
      const file = join(directory, 'x', `${name}.xml`);
      const uuid = `00000000-0000-4000-8000-${number.toString(16).padStart(12, '0')}`;
      writeFileSync(
        file,
        template
          .replace('<name>guest2</name>', `<name>${name}</name>`)
          .replace(/<uuid>.*<\/uuid>/, `<uuid>${uuid}</uuid>`)
          .replaceAll('/var/lib/libvirt/qemu/guest2', this.socketOf(name)),
      );
      files.push(file);
      resources.push(
        `<primitive id="prmVMCTL_${name}" class="ocf" provider="extra" type="VirtualDomain">` +
          `<instance_attributes id="${name}-p"><nvpair id="${name}-c" name="config" value="${file}"/>` +
          `<nvpair id="${name}-h" name="hypervisor" value="qemu:///system"/></instance_attributes></primitive>`,
      );
    }
    this.files = files;
    writeFileSync(
      this.cib,
      '<cib validate-with="pacemaker-3.0" epoch="1" num_updates="0" admin_epoch="0"><configuration><crm_config/>' +
        `<nodes/><resources>${resources.join('')}</resources><constraints/></configuration><status/></cib>`,
    );
    this.sweepEvery(60);
  }

  sweepEvery(seconds: number): void {
    writeFileSync(
      this.config,
      `[host]\nsocket = ${this.socket}\nlibvirt = ${this.#libvirt}\nsweep-seconds = ${seconds}\n`,
    );
  }

  socketOf(guest: string): string {
    return join(this.directory, 's', guest);
  }
}

/** A helper process that does what it is told and answers. */
export class Helper {
  readonly #process: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#process = child;
  }

  /** Resolves when it has said that it is ready. */
  static async start(file: string, ...parameters: string[]): Promise<Helper> {
    const helper = new Helper(own(fork(join(HERE, file), parameters, { execArgv: ['--import', 'tsx'] })));
    await helper.#answer();
    return helper;
  }

  async ask(order: Json): Promise<Json> {
    this.#process.send(order ?? {});
    return this.#answer();
  }

  kill(): void {
    this.#process.kill('SIGKILL');
  }

  #answer(): Promise<Json> {
    return new Promise((resolve, reject) => {
      const onExit = (code: number | null) =>
        reject(new Error(`a helper of the benchmark ended with ${code}`));
      this.#process.once('exit', onExit);
      this.#process.once('message', (message: Json) => {
        this.#process.off('exit', onExit);
        resolve(message);
      });
    });
  }
}

/** Of a process: CPU time in ms with that of the commands it has run, and memory in MiB now and at its highest. */
export function usageOf(pid: number): { cpuMs: number; rssMiB: number; peakMiB: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kibOf = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]) / 1024;
  const { own, children } = cpuMsOf(pid);
  return { cpuMs: own + children, rssMiB: kibOf('VmRSS'), peakMiB: kibOf('VmHWM') };
}
