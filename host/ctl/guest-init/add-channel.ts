/**
 * Puts the channel of the bridge into the XML of a domain. It is put in as text before the end of the devices, so that
 * comments and all that we don't know stay as they are. Pure.
 *
 * Invariant: what comes out reads as the same domain with one channel more, or it does not come out.
 */
import { type Domain, parseDomainXml } from '../../libvirt/domain-xml.ts';
import { printXml } from '../../xml/print-xml.ts';
import { type XmlElement, xmlElement } from '../../xml/xml-element.ts';

export interface ChannelWish {
  readonly portName: string;
  /** Undefined: libvirt makes one up at every start. */
  readonly path: string | undefined;
}

export type WithChannel =
  | { readonly kind: 'there'; readonly domain: Domain }
  | { readonly kind: 'added'; readonly domain: Domain; readonly text: string; readonly channel: string }
  | { readonly kind: 'unreadable'; readonly fault: string };

/** What the kernel takes as the path of a socket. */
const LONGEST_PATH_BYTES = 107;

export function socketPath(directory: string, domain: string): string | undefined {
  const path = `${directory}/${domain}`;
  return Buffer.byteLength(path) <= LONGEST_PATH_BYTES ? path : undefined;
}

export function withChannel(text: string, wish: ChannelWish): WithChannel {
  const before = parseDomainXml(text);
  if (!before.ok) return { kind: 'unreadable', fault: before.fault };
  const { domain } = before;
  if (hasChannel(domain, wish.portName)) return { kind: 'there', domain };
  const at = text.lastIndexOf('</devices>');
  if (at < 0) return { kind: 'unreadable', fault: 'it has no <devices> with anything in it' };
  const lineStart = text.lastIndexOf('\n', at) + 1;
  const indent = /^[ \t]*$/.test(text.slice(lineStart, at)) ? text.slice(lineStart, at) : undefined;
  const channel = printXml(channelElement(wish));
  const added =
    indent === undefined
      ? channel.replace(/\n\s*/g, '')
      : channel.replace(/^(?=.)/gm, `${indent}  `).slice(indent.length) + indent;
  const changed = text.slice(0, at) + added + text.slice(at);
  const after = parseDomainXml(changed);
  const isRight =
    after.ok &&
    hasChannel(after.domain, wish.portName) &&
    after.domain.channels.length === domain.channels.length + 1 &&
    after.domain.disks.length === domain.disks.length;
  if (!isRight) return { kind: 'unreadable', fault: 'its end of <devices> stands where none is expected' };
  return { kind: 'added', domain, text: changed, channel };
}

export const hasChannel = ({ channels }: Domain, portName: string): boolean =>
  channels.some(({ targetName }) => targetName === portName);

function channelElement({ portName, path }: ChannelWish): XmlElement {
  return xmlElement('channel', { type: 'unix' }, [
    ...(path === undefined ? [] : [xmlElement('source', { mode: 'bind', path })]),
    xmlElement('target', { type: 'virtio', name: portName }),
  ]);
}
