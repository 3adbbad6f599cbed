/** Domains, as libvirt and the files of resources describe them. */

import { guestDomain } from '../../../host/connect/discovery/guest-domain.ts';
import { withChannel } from '../../../host/ctl/guest-init/add-channel.ts';
import { parseDomainXml } from '../../../host/libvirt/domain-xml.ts';
import { withChildren, type XmlElement } from '../../../host/xml/xml-element.ts';
import { type Family, law, lawfulWords, same } from '../family.ts';
import { smaller, XML_WORDS } from './samples.ts';
import { lawfulTree } from './xml-tree.ts';

const channel = (inner: string) =>
  `<domain type='kvm' id='3'><name>guest1</name><uuid>4B2D1c3a-0000-4000-8000-000000000001</uuid><devices>${inner}</devices></domain>`;

export const domainXml: Family = {
  name: 'domain-xml',
  seeds: () => [
    channel(
      "<channel type='unix'><source mode='bind' path='/v/q/guest1'/><target type='virtio' name='vmconnectd' state='connected'/></channel>",
    ),
    channel(
      "<channel type='unix'><source mode='connect' path='/a/../b'><reconnect enabled='yes' timeout='10'/></source><target type='virtio' name='vmconnectd'/></channel>",
    ),
    channel("<serial type='unix'><source path='s'/><alias name='ua-vmconnectd'/></serial>"),
    channel(
      "<disk type='file' device='disk'><driver type='qcow2' cache='none'/><source file='/d'/><target dev='vda'/><readonly/></disk>",
    ),
    "<domain type='test'><name>a</name><cpu mode='custom'><model>x</model></cpu><seclabel model='dac'><label>+64055:+109</label></seclabel></domain>",
    smaller('libvirt/domain-running.xml', 1),
  ],
  words: [
    ...XML_WORDS,
    ...[
      '<name>',
      '</name>',
      '<devices>',
      '<channel ',
      '<target ',
      '<source ',
      'type="virtio"',
      'name="vmconnectd"',
      'mode="connect"',
    ],
    ...[
      'path="/',
      '/../',
      'type="unix"',
      '<seclabel model="dac">',
      '<label>',
      '+1:+2',
      '<reconnect enabled="yes" timeout="',
      '<uuid>',
    ],
  ],
  usualBytes: 700,
  longestBytes: 60_000,
  check(input, random) {
    const text = input.toString('utf8');
    const read = parseDomainXml(text);
    if (!read.ok) return lawfulWords(read.fault, 'the fault of a domain');
    const { domain } = read;
    law(domain.name !== '', 'a domain without a name');
    const { port, owner } = guestDomain(domain);
    if (port.kind === 'invalid') lawfulWords(port.fault, 'the fault of a port');
    if (port.kind === 'socket')
      law(/^\/(?!.*\/\.\.?(?:\/|$))/s.test(port.path), 'a path that leads elsewhere', port);
    law(owner === undefined || Number.isFinite(owner.uid + owner.gid), 'an owner without a number', owner);
    lawfulTree(domain.root, random);
    if (random.next() < CHANGED_SHARE) lawfulChange(text, domain.root);
  },
};

/** It is read twice more. */
const CHANGED_SHARE = 0.2;
const NAME = 'a channel of no other';

/** What comes out has the channel, and is the same domain without it. */
function lawfulChange(text: string, before: XmlElement): void {
  const wish = { portName: NAME, path: "/run/a&'b" };
  const change = withChannel(text, wish);
  if (change.kind === 'unreadable') {
    lawfulWords(change.fault, 'the fault of a change');
    return;
  }
  law(change.kind === 'added', 'a channel is there that nobody has put there', change);
  const again = withChannel(change.text, wish);
  law(again.kind === 'there', 'a channel that was put in is not there', again);
  same(without(again.domain.root), before, 'it is another domain now');
}

const without = (element: XmlElement): XmlElement =>
  withChildren(element, element.children.filter((child) => !isOurs(child)).map(without));

const isOurs = ({ name, children }: XmlElement) =>
  name === 'channel' && children.some(({ attributes }) => attributes['name'] === NAME);
