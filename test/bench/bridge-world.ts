/**
 * A host with many guests for vm-connectd: a CIB and an XML file for each, as Pacemaker and libvirt would have them,
 * and the programs around the daemon, each a process of its own.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Json } from '../../shared/protocol/message.ts';
import { waitFor } from '../lab/wait-for.ts';
import { own } from '../support/leaves-nothing.ts';
import { cpuMsOf } from '../support/process-table.ts';

const HERE = import.meta.dirname;
const TEMPLATE = join(HERE, '../support/recorded/libvirt/domain-defined.xml');
const ANSWER_MS = 60_000;

export const guestName = (number: number) => `guest${number}`;

export class BridgeWorld {
  readonly directory: string;
  readonly socket: string;
  readonly cib: string;
  readonly config: string;
  readonly #libvirt: string;
  readonly #files: string[] = [];

  constructor(directory: string, guests: number, libvirt = 'test:///default') {
    this.directory = directory;
    this.#libvirt = libvirt;
    this.config = join(directory, 'vm-connectd.conf');
    this.socket = join(directory, 'local.sock');
    this.cib = join(directory, 'cib.xml');
    for (const folder of ['s', 'x']) mkdirSync(join(directory, folder));
    this.addGuests(guests);
    this.sweepEvery(60);
  }

  /** The XML of each guest. */
  get files(): readonly string[] {
    return this.#files;
  }

  /** Behind those that are there; a daemon that runs finds them when it looks at all guests the next time. */
  addGuests(count: number): void {
    const template = readFileSync(TEMPLATE, 'utf8');
    for (let number = this.#files.length + 1, last = this.#files.length + count; number <= last; number++) {
      const name = guestName(number);
      const file = join(this.directory, 'x', `${name}.xml`);
      const uuid = `00000000-0000-4000-8000-${number.toString(16).padStart(12, '0')}`;
      writeFileSync(
        file,
        template
          .replace('<name>guest2</name>', `<name>${name}</name>`)
          .replace(/<uuid>.*<\/uuid>/, `<uuid>${uuid}</uuid>`)
          .replaceAll('/var/lib/libvirt/qemu/guest2', this.socketOf(name)),
      );
      this.#files.push(file);
    }
    writeFileSync(
      this.cib,
      `<cib validate-with="pacemaker-3.0" epoch="${this.#files.length}" num_updates="0" admin_epoch="0"><configuration>` +
        `<crm_config/><nodes/><resources>${this.#files.map(primitiveOf).join('')}</resources><constraints/>` +
        '</configuration><status/></cib>',
    );
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

function primitiveOf(file: string): string {
  const name = basename(file, '.xml');
  return (
    `<primitive id="prmVMCTL_${name}" class="ocf" provider="extra" type="VirtualDomain">` +
    `<instance_attributes id="${name}-p"><nvpair id="${name}-c" name="config" value="${file}"/>` +
    `<nvpair id="${name}-h" name="hypervisor" value="qemu:///system"/></instance_attributes></primitive>`
  );
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
    await helper.#answer(`${file} is ready`, []);
    return helper;
  }

  /** The logs tell more of why it has not answered. */
  async ask(order: { readonly [name: string]: Json }, logs: readonly string[] = []): Promise<Json> {
    this.#process.send(order);
    return this.#answer(`the answer to ${JSON.stringify(order)}`, logs);
  }

  kill(): void {
    this.#process.kill('SIGKILL');
  }

  #answer(what: string, logs: readonly string[]): Promise<Json> {
    let answer: Json | undefined;
    this.#process.once('message', (message: Json) => {
      answer = message;
    });
    const answered = () => {
      const ending = this.#process.exitCode ?? this.#process.signalCode;
      if (ending !== null) throw new Error(`a helper ended with ${ending} before this: ${what}`);
      return answer;
    };
    return waitFor(what, ANSWER_MS, answered, { logs });
  }
}

/** Of a process: CPU time in ms with that of the commands it has run, and memory in MiB now and at its highest. */
export function usageOf(pid: number): { cpuMs: number; rssMiB: number; peakMiB: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kibOf = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]) / 1024;
  const { own, children } = cpuMsOf(pid);
  return { cpuMs: own + children, rssMiB: kibOf('VmRSS'), peakMiB: kibOf('VmHWM') };
}
