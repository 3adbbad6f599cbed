/**
 * What `add` writes for one guest: plain data, which the three formats print and the plan turns into elements.
 *
 * Pure: domain, node and settings in, definition out.
 */
import { OPERATION_NAMES, type OperationName, type Settings } from '../config/settings.ts';
import { attributeRuleId, colocationId, orderId, preferenceId, resourceId } from './guest-ids.ts';

export interface GuestDefinition {
  readonly domain: string;
  readonly resource: string;
  readonly agent: Settings['agent'];
  readonly parameters: readonly Pair[];
  readonly metaAttributes: readonly Pair[];
  readonly operations: readonly OperationDefinition[];
  readonly attributeRules: readonly AttributeRule[];
  readonly preference: Preference;
  readonly colocations: readonly ColocationDefinition[];
  readonly orders: readonly OrderDefinition[];
}

export interface Pair {
  readonly name: string;
  readonly value: string;
}

export interface OperationDefinition {
  readonly name: OperationName;
  readonly interval: string;
  readonly timeout: string;
  readonly onFail: string;
}

/** The guest must not run where the attribute is not defined or bad. */
export interface AttributeRule {
  readonly id: string;
  readonly attribute: string;
  readonly operation: string;
  readonly value: string;
}

export interface Preference {
  readonly id: string;
  readonly node: string;
  readonly score: string;
}

export interface ColocationDefinition {
  readonly id: string;
  readonly clone: string;
  readonly score: string;
}

export interface OrderDefinition {
  readonly id: string;
  readonly clone: string;
  readonly kind: 'Optional' | 'Mandatory';
  readonly isSymmetrical: boolean;
}

export interface GuestWish {
  readonly domain: string;
  readonly node: string;
  readonly isMigrationAllowed: boolean;
}

export function defineGuest(
  { domain, node, isMigrationAllowed }: GuestWish,
  settings: Settings,
): GuestDefinition {
  const { dependencies } = settings;
  return {
    domain,
    resource: resourceId(domain),
    agent: settings.agent,
    parameters: [
      { name: 'config', value: domainFile(domain, settings) },
      { name: 'hypervisor', value: settings.hypervisor },
      { name: 'migration_transport', value: settings.migrationTransport },
    ],
    metaAttributes: [
      { name: 'allow-migrate', value: String(isMigrationAllowed) },
      { name: 'target-role', value: 'Stopped' },
    ],
    operations: OPERATION_NAMES.map((name) => {
      const { interval, timeout, onFail } = settings.operations[name];
      return { name, interval, timeout, onFail: onFail ?? (settings.isFencingWanted ? 'fence' : 'block') };
    }),
    attributeRules: dependencies.flatMap(({ attribute, badWhen }) =>
      attribute === undefined || badWhen === undefined
        ? []
        : [{ id: attributeRuleId(domain, attribute), attribute, ...badWhen }],
    ),
    preference: { id: preferenceId(domain, node), node, score: settings.preferenceScore },
    colocations: dependencies.map(({ clone, colocationScore }) => ({
      id: colocationId(domain, clone),
      clone,
      score: colocationScore,
    })),
    orders: dependencies.map(({ clone, order }) => ({ id: orderId(domain, clone), clone, ...order })),
  };
}

export const domainFile = (domain: string, settings: Settings): string =>
  `${settings.domainDirectory.replace(/\/+$/, '')}/${domain}${settings.domainExtension}`;
