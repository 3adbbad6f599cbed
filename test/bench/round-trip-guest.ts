/**
 * The ways over the virtio port of a guest, one at a time, since a port has one reader: what has to hold the port in the
 * guest is started, and ended again. The host's end is QEMU's socket, which the benchmark holds itself for the floors.
 *
 * Who waits for a guest's program looks but once a second: commands in a guest cost it processor time.
 */
import { writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { build } from 'esbuild';
import { paths } from '../../shared/paths.ts';
import { connectOnce } from '../../shared/unix-socket.ts';
import { endProgram, startProgram } from '../lab/bridge-programs.ts';
import type { Laboratory } from '../lab/lab.ts';
import { channelSocket, VIRTIO_PORT } from '../lab/virtio-port.ts';
import { waitFor } from '../lab/wait-for.ts';
import { makeFolder, removeFolder } from '../support/leaves-nothing.ts';
import {
  ASKED_EVERY_MS,
  QUESTIONS,
  type Question,
  type RoundTripTimes,
  roundTrips,
  timesIn,
} from './round-trips.ts';

const GUEST = 'guest1';
const FOLDER = '/opt/bench';
const FIGURES = '/run/bench-figures.json';
const NATIVE = 'native.cjs';
/** Of serialport, where the installed programs have it. */
const NATIVE_PART =
  "module.exports = () => require('/usr/lib/pm-kvm-tools/serialport-' + process.arch + '.node');\n";
/** Whatever holds the port in the guest. */
const HOLDER = 'bench-holder';
const PATIENCE_MS = 90_000;
/** An emulated processor takes its time until V8 has compiled what is hot. */
const WARM_UP = 300;

export interface Asking {
  readonly count: number;
  readonly outstanding: number;
}

export class PortWorld {
  readonly #lab: Laboratory;

  private constructor(lab: Laboratory) {
    this.#lab = lab;
  }

  static async build(lab: Laboratory): Promise<PortWorld> {
    const folder = makeFolder();
    try {
      writeFileSync(join(folder, NATIVE), NATIVE_PART);
      await build({
        entryPoints: [join(import.meta.dirname, 'port-end.ts')],
        outfile: join(folder, 'port-end.cjs'),
        bundle: true,
        platform: 'node',
        target: 'node20',
        format: 'cjs',
        alias: { 'node-gyp-build': `./${NATIVE}` },
        absWorkingDir: folder,
        external: ['*.node'],
        logLevel: 'warning',
      });
      await lab.push(GUEST, folder, FOLDER);
    } finally {
      removeFolder(folder);
    }
    return new PortWorld(lab);
  }

  /** The guest gives back what the host sends, by a program that does nothing else. */
  echoByCat = (asking: Asking): Promise<RoundTripTimes> =>
    this.#hostAsks(['/bin/sh', '-c', `exec cat <>${VIRTIO_PORT} >&0`], asking);

  echoByNode = (asking: Asking): Promise<RoundTripTimes> =>
    this.#hostAsks(['node', `${FOLDER}/port-end.cjs`, 'echo', VIRTIO_PORT], asking);

  /** By an agent of QEMU's that serves this port in the place of its own. */
  guestPing = (asking: Asking): Promise<RoundTripTimes> =>
    this.#hostAsks(
      ['qemu-ga', '-m', 'virtio-serial', '-p', VIRTIO_PORT, '-f', '/run/bench-qemu-ga.pid'],
      asking,
      QUESTIONS.guestPing,
    );

  /** Our agent's answer to the same question. */
  agentPong = (asking: Asking): Promise<RoundTripTimes> =>
    this.#hostAsks(['vm-connectd', '-t', 'guest'], asking, QUESTIONS.hostsPing);

  /** A program in the guest asks, and the host gives back what comes. */
  async rawFromGuest(asking: Asking): Promise<RoundTripTimes> {
    const socket = await this.#held();
    socket.on('data', (chunk: Buffer) => socket.write(chunk));
    try {
      return await this.#guestAsks('ask', VIRTIO_PORT, asking);
    } finally {
      socket.destroy();
    }
  }

  /** A program in the guest asks the agent there, and the host's daemon answers. */
  async bridge(asking: Asking): Promise<RoundTripTimes> {
    const lab = this.#lab;
    const host = lab.hostOf(GUEST) ?? '';
    await startProgram(lab, host, 'vm-connectd', ['vm-connectd', '-t', 'host']);
    await startProgram(lab, GUEST, HOLDER, ['vm-connectd', '-t', 'guest']);
    try {
      await waitFor('the guest is linked', PATIENCE_MS, async () => {
        const asked = await lab.in(GUEST, ['vm-connect', 'ping', '-c', '1']);
        return asked.kind === 'exited' && asked.exitCode === 0;
      });
      return await this.#guestAsks('agent', paths.connectSocket, asking);
    } finally {
      await endProgram(lab, GUEST, [HOLDER]);
      await endProgram(lab, host, ['vm-connectd']);
    }
  }

  async #hostAsks(
    holder: readonly string[],
    asking: Asking,
    question: Question = QUESTIONS.hostsPingEchoed,
  ): Promise<RoundTripTimes> {
    const socket = await this.#held();
    await startProgram(this.#lab, GUEST, HOLDER, holder);
    try {
      return await roundTrips(socket, { ...asking, warmUp: WARM_UP, question });
    } finally {
      socket.destroy();
      await endProgram(this.#lab, GUEST, [HOLDER], 'KILL');
    }
  }

  async #guestAsks(role: string, path: string, { count, outstanding }: Asking): Promise<RoundTripTimes> {
    const lab = this.#lab;
    await lab.output(GUEST, ['rm', '-f', FIGURES]);
    const words = [role, path, String(count), String(outstanding), FIGURES];
    const pace = outstanding === 1 ? [String(ASKED_EVERY_MS)] : [];
    await startProgram(lab, GUEST, 'bench-asker', ['node', `${FOLDER}/port-end.cjs`, ...words, ...pace]);
    try {
      const text = await waitFor(
        'the guest has its figures',
        PATIENCE_MS,
        async () => {
          const read = await lab.in(GUEST, ['cat', FIGURES]);
          return read.kind === 'exited' && read.exitCode === 0 ? read.stdout : undefined;
        },
        { pollMs: 1_000 },
      );
      return timesIn(JSON.parse(text));
    } finally {
      await endProgram(lab, GUEST, ['bench-asker'], 'KILL');
    }
  }

  /** QEMU's end of the port. What lay in it from before is passed over. */
  async #held(): Promise<Socket> {
    const socket = await connectOnce(channelSocket(this.#lab, GUEST));
    socket.on('error', () => undefined);
    socket.resume();
    await sleep(100);
    return socket;
  }
}
