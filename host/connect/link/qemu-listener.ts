/**
 * A socket that QEMU connects to (a channel with `mode='connect'`).
 *
 * libvirt hands such a socket to QEMU's user when the guest starts and fails if it is not there, so it is there for
 * every known guest, running or not, and its file stays when this daemon stops: a guest may start meanwhile. A socket
 * that takes the place of a former one is born with that one's owner, or with the one that libvirt gave the running
 * guest, because libvirt won't do it again.
 *
 * Invariant: the path always leads to a socket of one daemon; it changes from the former to the new one in one step,
 * `place`, which whoever has waited for the preparation decides on. What is no socket, or is answered by somebody, is
 * never replaced.
 */
import { lchownSync, lstatSync, renameSync, rmSync } from 'node:fs';
import type { Server, Socket } from 'node:net';
import { dirname } from 'node:path';
import { messageOf, PmError } from '../../../shared/errors.ts';
import { connectFault, connectOnce, listenUnix } from '../../../shared/unix-socket.ts';

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

export interface QemuListenerOptions {
  readonly path: string;
  readonly owner: Owner | undefined;
  readonly onConnection: (socket: Socket) => void;
  readonly onError: (error: Error) => void;
}

const MODE = 0o600;
let listeners = 0;

export class QemuListener {
  readonly #path: string;
  readonly #draft: string;
  readonly #server: Server;
  readonly #inode: number;

  private constructor(path: string, draft: string, server: Server, inode: number) {
    this.#path = path;
    this.#draft = draft;
    this.#server = server;
    this.#inode = inode;
  }

  /** Listens beside its place: it is to be placed or discarded. */
  static async prepare({ path, owner, onConnection, onError }: QemuListenerOptions): Promise<QemuListener> {
    const former = await ownerOfStale(path);
    listeners++;
    const draft = `${dirname(path)}/.vmc-${process.pid}-${listeners}`;
    const server = await listenUnix({ path: draft, mode: MODE, onConnection });
    server.on('error', onError);
    try {
      const { uid, gid } = owner ??
        former ?? { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 };
      lchownSync(draft, uid, gid);
      return new QemuListener(path, draft, server, lstatSync(draft).ino);
    } catch (thrown) {
      server.close();
      rmSync(draft, { force: true });
      throw listenError(path, thrown);
    }
  }

  place(): void {
    try {
      renameSync(this.#draft, this.#path);
    } catch (thrown) {
      this.discard();
      throw listenError(this.#path, thrown);
    }
  }

  /** In the place of `place`. */
  discard(): void {
    this.#server.close();
    rmSync(this.#draft, { force: true });
  }

  /** Whether the path still leads here. */
  get isInPlace(): boolean {
    const found = lstatSync(this.#path, { throwIfNoEntry: false });
    return found?.ino === this.#inode;
  }

  giveTo({ uid, gid }: Owner): void {
    const found = lstatSync(this.#path, { throwIfNoEntry: false });
    if (found?.ino !== this.#inode || (found.uid === uid && found.gid === gid)) return;
    // Never through a link: the directory belongs to QEMU's user.
    lchownSync(this.#path, uid, gid);
  }

  /** Listens no more; the file stays for who comes after. */
  close(): void {
    this.#server.close();
  }

  /** For a guest that is no longer known. */
  remove(): void {
    if (this.isInPlace) rmSync(this.#path, { force: true });
    this.close();
  }
}

const listenError = (path: string, thrown: unknown) =>
  new PmError({
    code: 'environment',
    what: `cannot listen on ${path}`,
    fault: messageOf(thrown),
    remedy: 'see the directory and its file system',
    cause: thrown,
  });

/** The owner of the socket that a former daemon left; throws when the place is not free. */
async function ownerOfStale(path: string): Promise<Owner | undefined> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return undefined;
  const refuse = (fault: string, remedy: string) =>
    new PmError({ code: 'environment', what: `cannot listen on ${path}`, fault, remedy });
  if (!found.isSocket())
    throw refuse('something that is no socket is there', 'remove it (ls -l says what it is)');
  try {
    (await connectOnce(path)).destroy();
  } catch (thrown) {
    if (connectFault(thrown) === 'no-listener') return { uid: found.uid, gid: found.gid };
    throw refuse(messageOf(thrown), 'see what is there (ls -l)');
  }
  throw refuse(
    'another process already listens there',
    `see which it is (ss -xlp src ${path}); perhaps the guest's channel is meant to have mode='bind'`,
  );
}
