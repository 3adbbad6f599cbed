/**
 * Names of domains that no agent may hand to virsh: it takes one word for id, UUID and name alike, in this order, and
 * ocf:heartbeat:VirtualDomain gives it the name without quotes. So it would destroy the domain with the *id* 12 for one
 * that is *named* `12`, and hear nothing of `web db`. ocf:extra:VirtualDomain judges alike, and starts none of them.
 */
const ID = /^[-+]?(?:\d+|0x[0-9a-f]+)$/i;
const UUID = /^-*(?:[0-9a-f]-*){32}$/i;
const OPTION = /^-/;
const SEVERAL_WORDS = /[ \t\n\v\f\r]/;

export const isMisreadName = (name: string): boolean =>
  [ID, UUID, OPTION, SEVERAL_WORDS].some((form) => form.test(name));
