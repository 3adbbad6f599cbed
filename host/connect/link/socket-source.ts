/**
 * Where the connections of a link come from: QEMU's socket, or one of ours that QEMU connects to.
 *
 * Of the second kind there may be two connections at once: a guest has been started anew and the end of the old one
 * is still on its way, or somebody else with QEMU's rights knocks. The first stays the guest's; the latest of the
 * others waits, unread, until it is closed. So a running link can't be taken over, and QEMU, which may try but once,
 * is not sent away.
 */
import type { Socket } from 'node:net';
import { messageOf, systemCodeOf } from '../../../shared/errors.ts';
import { connectOnce } from '../../../shared/unix-socket.ts';
import type { LinkMode } from './link-state.ts';
import { type Owner, QemuListener } from './qemu-listener.ts';

export interface LinkTarget {
  readonly mode: LinkMode;
  readonly path: string;
  /** QEMU's user, where it is known: for `connect`. */
  readonly owner: Owner | undefined;
}

export interface SocketHandlers {
  readonly onSocket: (socket: Socket) => void;
  readonly onListening: () => void;
  readonly onFailed: (fault: string) => void;
  /** A link that is up stays so, but the next one may not come about. Empty: it is over. */
  readonly onTrouble: (fault: string) => void;
  readonly onSecond: () => void;
}

export interface SocketSource {
  /** Gives a socket, or listens for one, or fails. */
  open(): void;
  /** The socket that it gave is closed. */
  released(): void;
  /** Sees to it that QEMU finds what it needs. */
  attend(owner: Owner | undefined): void;
  /** `forGood`: the guest is no longer known here. No handler is called after this. */
  close(forGood: boolean): void;
}

export function socketSource(target: LinkTarget, handlers: SocketHandlers): SocketSource {
  return target.mode === 'bind' ? new Dialer(target.path, handlers) : new Doorkeeper(target, handlers);
}

class Dialer implements SocketSource {
  readonly #path: string;
  readonly #handlers: SocketHandlers;
  #isClosed = false;

  constructor(path: string, handlers: SocketHandlers) {
    this.#path = path;
    this.#handlers = handlers;
  }

  open(): void {
    void this.#dial();
  }

  released(): void {}

  attend(): void {}

  close(): void {
    this.#isClosed = true;
  }

  async #dial(): Promise<void> {
    try {
      const socket = await connectOnce(this.#path);
      if (this.#isClosed) socket.destroy();
      else this.#handlers.onSocket(socket);
    } catch (thrown) {
      if (!this.#isClosed) this.#handlers.onFailed(dialFault(thrown));
    }
  }
}

function dialFault(thrown: unknown): string {
  switch (systemCodeOf(thrown)) {
    case 'ENOENT':
      return 'there is no socket: the guest does not run here';
    case 'ECONNREFUSED':
      return 'nobody listens at the socket: the guest does not run here';
    case 'EAGAIN':
      return 'QEMU takes no more connections: another program is connected to this socket';
    default:
      return messageOf(thrown);
  }
}

class Doorkeeper implements SocketSource {
  readonly #path: string;
  readonly #handlers: SocketHandlers;
  #owner: Owner | undefined;
  #listener: QemuListener | undefined;
  #isOpening = false;
  #isTaken = false;
  #waiting: Socket | undefined;
  #end: 'stopped' | 'gone' | undefined;

  constructor({ path, owner }: LinkTarget, handlers: SocketHandlers) {
    this.#path = path;
    this.#owner = owner;
    this.#handlers = handlers;
  }

  open(): void {
    void this.#listen();
  }

  released(): void {
    this.#isTaken = false;
    const next = this.#waiting;
    this.#waiting = undefined;
    if (next !== undefined) this.#give(next);
  }

  attend(owner: Owner | undefined): void {
    this.#owner = owner ?? this.#owner;
    if (this.#listener === undefined) return;
    try {
      if (!this.#listener.isInPlace) void this.#listen();
      else if (this.#owner !== undefined) this.#listener.giveTo(this.#owner);
    } catch (thrown) {
      // The directory has been taken from us, say. The next sweep looks again.
      this.#handlers.onTrouble(`cannot look after the socket: ${messageOf(thrown)}`);
    }
  }

  close(forGood: boolean): void {
    this.#end = forGood ? 'gone' : 'stopped';
    this.#waiting?.destroy();
    try {
      if (forGood) this.#listener?.remove();
    } catch {
      // The file stays, as it does when we stop.
    }
    this.#listener?.close();
  }

  /**
   * Also when somebody has removed the file: who is connected stays so. When we stop meanwhile the file comes to its
   * place all the same, for who comes after; it does not when the guest has gone, for the place may be another's.
   */
  async #listen(): Promise<void> {
    if (this.#isOpening) return;
    this.#isOpening = true;
    const isFirst = this.#listener === undefined;
    try {
      const listener = await QemuListener.prepare({
        path: this.#path,
        owner: this.#owner,
        onConnection: (socket) => this.#knock(socket),
        // Out of descriptors, say: QEMU's next attempt may find one.
        onError: (error) => this.#handlers.onTrouble(`cannot accept QEMU's connection: ${error.message}`),
      });
      if (this.#end === 'gone') {
        listener.discard();
        return;
      }
      listener.place();
      this.#listener?.close();
      this.#listener = listener;
      if (this.#end === 'stopped') listener.close();
      else if (isFirst) this.#handlers.onListening();
      else this.#handlers.onTrouble('');
    } catch (thrown) {
      if (this.#end !== undefined) return;
      if (isFirst) this.#handlers.onFailed(messageOf(thrown));
      else this.#handlers.onTrouble(`QEMU finds no socket any more: ${messageOf(thrown)}`);
    } finally {
      this.#isOpening = false;
    }
  }

  #knock(socket: Socket): void {
    socket.on('error', () => {});
    if (this.#end !== undefined) {
      socket.destroy();
    } else if (this.#isTaken) {
      this.#handlers.onSecond();
      this.#waiting?.destroy();
      this.#waiting = socket;
    } else {
      this.#give(socket);
    }
  }

  #give(socket: Socket): void {
    if (socket.destroyed) return;
    this.#isTaken = true;
    this.#handlers.onSocket(socket);
  }
}
