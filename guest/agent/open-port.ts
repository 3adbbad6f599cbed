/**
 * Opens the port to the host, whichever kind it is, and says in clear words why it can't.
 *
 * A tty (an `isa-serial` line) is opened by serialport, which makes it raw and locks it. Everything else that is a
 * character device is taken for a virtio-serial port, whose descriptor serialport refuses to open but can wait for.
 * serialport and its native part are loaded by the first call that needs them.
 */
import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { isatty } from 'node:tty';
import { messageOf, PmError, systemCodeOf } from '../../shared/errors.ts';
import type { PortBinding } from './port-stream.ts';

export type PortKind = 'virtio' | 'serial';

export interface OpenPort {
  readonly kind: PortKind;
  readonly binding: PortBinding;
}

const BAUD_RATE = 115_200;

const LINE = {
  baudRate: BAUD_RATE,
  dataBits: 8,
  stopBits: 1,
  parity: 'none',
  rtscts: false,
  xon: false,
  xoff: false,
  xany: false,
  hupcl: true,
  lock: true,
  vmin: 1,
  vtime: 0,
} as const;

/** Without it no port can be opened, ever: of all that is in the way only this is nothing to wait for. */
export async function loadPortLibrary() {
  try {
    return await import('@serialport/bindings-cpp');
  } catch (thrown) {
    const [fault = ''] = messageOf(thrown).split('\n');
    throw new PmError({
      code: 'environment',
      what: 'cannot open any port to a host',
      fault,
      remedy: 'vm-connectd -t guest is for guests and needs the package pm-kvm-tools-guest',
      cause: thrown,
    });
  }
}

export async function openPort(path: string): Promise<OpenPort> {
  try {
    const { LinuxBinding, LinuxPortBinding } = await loadPortLibrary();
    const fd = openDevice(path);
    if (!isatty(fd)) {
      return {
        kind: 'virtio',
        binding: closedOnThrow(fd, () => new LinuxPortBinding(fd, { path, ...LINE })),
      };
    }
    try {
      return { kind: 'serial', binding: await LinuxBinding.open({ path, ...LINE }) };
    } finally {
      closeSync(fd);
    }
  } catch (thrown) {
    throw portError(path, thrown);
  }
}

function openDevice(path: string): number {
  const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK | constants.O_NOCTTY);
  return closedOnThrow(fd, () => {
    if (fstatSync(fd).isCharacterDevice()) return fd;
    throw new PmError({
      code: 'config',
      what: `cannot open ${path}`,
      fault: 'it is no character device, so no port',
      remedy: 'name the port with --port, or port= in the [guest] section of the configuration',
    });
  });
}

function closedOnThrow<Value>(fd: number, make: () => Value): Value {
  try {
    return make();
  } catch (thrown) {
    closeSync(fd);
    throw thrown;
  }
}

export function portError(path: string, thrown: unknown): PmError {
  if (thrown instanceof PmError) return thrown;
  const common = { what: `cannot open ${path}`, cause: thrown };
  switch (faultOf(thrown)) {
    case 'missing':
      return new PmError({
        ...common,
        code: 'environment',
        fault: 'no such port',
        remedy: `give the guest a channel named vmconnectd in its domain XML, or name another port with --port`,
      });
    case 'busy':
      return new PmError({
        ...common,
        code: 'environment',
        fault: 'another program holds the port',
        remedy: `find it with "fuser -v ${path}" and stop it`,
      });
    case 'forbidden':
      return new PmError({
        ...common,
        code: 'environment',
        fault: 'permission denied',
        remedy: 'run it as root',
      });
    case 'other':
      return new PmError({
        ...common,
        code: 'environment',
        fault: messageOf(thrown),
        remedy: 'see whether this is the port to the host (ls -l /dev/virtio-ports)',
      });
  }
}

function faultOf(thrown: unknown): 'missing' | 'busy' | 'forbidden' | 'other' {
  switch (systemCodeOf(thrown)) {
    case 'ENOENT':
    case 'ENOTDIR':
    case 'ENXIO':
    case 'ENODEV':
      return 'missing';
    case 'EBUSY':
      return 'busy';
    case 'EACCES':
    case 'EPERM':
      return 'forbidden';
    default:
      // serialport's own words: it gives no code.
      return /Cannot lock port/.test(messageOf(thrown)) ? 'busy' : 'other';
  }
}
