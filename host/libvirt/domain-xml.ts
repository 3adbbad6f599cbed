/** What we need to know of a domain, read from its XML (of a running domain, of a stopped one, or from a file). */
import { parseXml } from '../xml/parse-xml.ts';
import { childrenNamed, elementAt, type XmlElement } from '../xml/xml-element.ts';

export interface Domain {
  readonly name: string;
  readonly uuid: string | undefined;
  /** Only of a running domain. */
  readonly id: number | undefined;
  /** `kvm`, `qemu`, `test`, … */
  readonly type: string;
  readonly channels: readonly DomainChannel[];
  readonly disks: readonly DomainDisk[];
  readonly cpu: DomainCpu;
  readonly root: XmlElement;
}

export interface DomainChannel {
  /** `unix`, `pty`, `spicevmc`, … */
  readonly type: string;
  /** `virtio`, `guestfwd`, … */
  readonly targetType: string | undefined;
  readonly targetName: string | undefined;
  readonly source: ChannelSource;
  /** Whether the guest has the port open; only of a running domain. */
  readonly state: 'connected' | 'disconnected' | undefined;
}

/**
 * `bind`: QEMU listens. `connect`: we listen and QEMU connects. `none`: libvirt makes the path up when the domain
 * starts, as a `bind` that only the XML of the *running* domain shows.
 */
export type ChannelSource =
  | {
      readonly mode: 'bind' | 'connect';
      readonly path: string;
      readonly reconnectSeconds: number | undefined;
    }
  | { readonly mode: 'none' };

export interface DomainDisk {
  /** `disk`, `cdrom`, … */
  readonly device: string;
  /** `file`, `block`, `network`, `volume`, … */
  readonly type: string;
  /** The path, device, or name that it is stored under. */
  readonly source: string | undefined;
  /** `vda` */
  readonly target: string | undefined;
  readonly format: string | undefined;
  readonly cache: string | undefined;
  readonly isReadOnly: boolean;
  readonly isShareable: boolean;
}

export interface DomainCpu {
  /** `host-passthrough`, `host-model`, `maximum`, `custom`; undefined: the hypervisor's default. */
  readonly mode: string | undefined;
  readonly model: string | undefined;
}

export type DomainXmlResult =
  | { readonly ok: true; readonly domain: Domain }
  | { readonly ok: false; readonly fault: string };

export function parseDomainXml(text: string): DomainXmlResult {
  const document = parseXml(text);
  if (!document.ok) return document;
  const { root } = document;
  if (root.name !== 'domain') return { ok: false, fault: `its root is <${root.name}>, not <domain>` };
  const name = elementAt(root, 'name')?.text;
  if (name === undefined || name === '') return { ok: false, fault: 'it has no <name>' };
  const devices = elementAt(root, 'devices');
  const cpu = elementAt(root, 'cpu');
  const id = root.attributes['id'];
  return {
    ok: true,
    domain: {
      name,
      uuid: elementAt(root, 'uuid')?.text.trim().toLowerCase() || undefined,
      id: id === undefined ? undefined : Number(id),
      type: root.attributes['type'] ?? '',
      channels: devices === undefined ? [] : childrenNamed(devices, 'channel').map(channelOf),
      disks: devices === undefined ? [] : childrenNamed(devices, 'disk').map(diskOf),
      cpu: {
        mode: cpu?.attributes['mode'],
        model: cpu === undefined ? undefined : elementAt(cpu, 'model')?.text || undefined,
      },
      root,
    },
  };
}

function channelOf(element: XmlElement): DomainChannel {
  const target = elementAt(element, 'target')?.attributes;
  const state = target?.['state'];
  return {
    type: element.attributes['type'] ?? '',
    targetType: target?.['type'],
    targetName: target?.['name'],
    source: sourceOf(element),
    state: state === 'connected' || state === 'disconnected' ? state : undefined,
  };
}

function sourceOf(channel: XmlElement): ChannelSource {
  const source = elementAt(channel, 'source');
  const path = source?.attributes['path'];
  if (source === undefined || path === undefined || path === '') return { mode: 'none' };
  const reconnect = elementAt(source, 'reconnect')?.attributes;
  const timeout = Number(reconnect?.['timeout']);
  return {
    mode: source.attributes['mode'] === 'connect' ? 'connect' : 'bind',
    path,
    reconnectSeconds: reconnect?.['enabled'] === 'yes' && Number.isFinite(timeout) ? timeout : undefined,
  };
}

function diskOf(element: XmlElement): DomainDisk {
  const source = elementAt(element, 'source')?.attributes;
  const driver = elementAt(element, 'driver')?.attributes;
  return {
    device: element.attributes['device'] ?? 'disk',
    type: element.attributes['type'] ?? '',
    source: source?.['file'] ?? source?.['dev'] ?? source?.['dir'] ?? source?.['name'] ?? source?.['volume'],
    target: elementAt(element, 'target')?.attributes['dev'],
    format: driver?.['type'],
    cache: driver?.['cache'],
    isReadOnly: elementAt(element, 'readonly') !== undefined,
    isShareable: elementAt(element, 'shareable') !== undefined,
  };
}
