/** What the bridge needs to know of a domain: who it is, and which socket leads to its port. */
import { isAbsolute, normalize } from 'node:path';
import { paths } from '../../../shared/paths.ts';
import { visible } from '../../../shared/visible.ts';
import type { Domain } from '../../libvirt/domain-xml.ts';
import { childrenNamed, elementAt, type XmlElement } from '../../xml/xml-element.ts';
import type { LinkMode } from '../link/link-state.ts';
import type { Owner } from '../link/qemu-listener.ts';

export interface GuestDomain {
  readonly name: string;
  readonly uuid: string | undefined;
  readonly port: GuestPort;
  /** Whom libvirt has QEMU run as; only of a running domain. */
  readonly owner: Owner | undefined;
}

export type GuestPort =
  | {
      readonly kind: 'socket';
      readonly mode: LinkMode;
      readonly path: string;
      /** Whether QEMU connects again after we were away; with `bind` it need not. */
      readonly isLasting: boolean;
    }
  /** libvirt makes the path up at every start; only the XML of the running domain shows it. */
  | { readonly kind: 'made-up' }
  | { readonly kind: 'none' }
  | { readonly kind: 'invalid'; readonly fault: string };

const LONGEST_QUOTE = 200;
/** The name by which a serial port says that it is ours: libvirt lets users choose names that begin with `ua-`. */
const SERIAL_ALIAS = `ua-${paths.portName}`;

/**
 * The port is the channel whose target is called vmconnectd. A guest without virtio has a serial port over a socket
 * instead, called `<alias name='ua-vmconnectd'/>`.
 */
export function guestDomain({ name, uuid, root }: Domain): GuestDomain {
  const devices = elementAt(root, 'devices');
  const channels = devices === undefined ? [] : childrenNamed(devices, 'channel').filter(isOurChannel);
  const serials = devices === undefined ? [] : childrenNamed(devices, 'serial').filter(isOurSerial);
  const ports = channels.length > 0 ? channels : serials;
  return { name, uuid, port: portOf(ports), owner: ownerOf(root) };
}

function isOurChannel(channel: XmlElement): boolean {
  const target = elementAt(channel, 'target')?.attributes;
  return target?.['type'] === 'virtio' && target['name'] === paths.portName;
}

const isOurSerial = (serial: XmlElement) =>
  serial.attributes['type'] === 'unix' && elementAt(serial, 'alias')?.attributes['name'] === SERIAL_ALIAS;

function portOf(ports: readonly XmlElement[]): GuestPort {
  const [device, second] = ports;
  if (device === undefined) return { kind: 'none' };
  if (second !== undefined) return { kind: 'invalid', fault: `it has two ports called ${paths.portName}` };
  const type = device.attributes['type'];
  if (type !== 'unix')
    return {
      kind: 'invalid',
      fault: `its port has type='${visible(type ?? '', LONGEST_QUOTE)}', not type='unix'`,
    };
  const source = elementAt(device, 'source');
  const path = source?.attributes['path'];
  if (source === undefined || path === undefined || path === '') return { kind: 'made-up' };
  if (!isAbsolute(path))
    return {
      kind: 'invalid',
      fault: `the path of its socket is not absolute: ${visible(path, LONGEST_QUOTE)}`,
    };
  const mode = source.attributes['mode'] === 'connect' ? 'connect' : 'bind';
  const isLasting = mode === 'bind' || elementAt(source, 'reconnect')?.attributes['enabled'] === 'yes';
  return { kind: 'socket', mode, path: normalize(path), isLasting };
}

function ownerOf(root: XmlElement): Owner | undefined {
  const dac = childrenNamed(root, 'seclabel').find((label) => label.attributes['model'] === 'dac');
  const [, uid, gid] =
    /^\+(\d+):\+(\d+)$/.exec(dac === undefined ? '' : (elementAt(dac, 'label')?.text ?? '')) ?? [];
  return uid === undefined || gid === undefined ? undefined : { uid: Number(uid), gid: Number(gid) };
}
