/** What /etc/vm-ctl.conf says, in types: how guests are written into the cluster's configuration. */

export interface Settings {
  /** Where the XML of domains is: `<directory>/<domain><extension>`. */
  readonly domainDirectory: string;
  readonly domainExtension: string;
  readonly isMigrationAllowed: boolean;
  /** Whether a guest that can't be stopped has its host fenced (else it is left alone: `block`). */
  readonly isFencingWanted: boolean;
  readonly agent: AgentName;
  /** How long to wait for an idle cluster. */
  readonly idleTimeoutMs: number;
  readonly hypervisor: string;
  readonly migrationTransport: string;
  /** How a command is run on another host: these words, and then the node. */
  readonly remoteShell: readonly string[];
  readonly operations: Readonly<Record<OperationName, OperationSettings>>;
  /** Of the node that a guest prefers. */
  readonly preferenceScore: string;
  /** What a guest depends on, in the order of the file's names. */
  readonly dependencies: readonly Dependency[];
}

export interface AgentName {
  readonly class: string;
  readonly provider: string;
  readonly type: string;
}

/** In the order in which they are written. */
export const OPERATION_NAMES = ['start', 'monitor', 'stop', 'migrate_to', 'migrate_from'] as const;
export type OperationName = (typeof OPERATION_NAMES)[number];

export interface OperationSettings {
  readonly interval: string;
  readonly timeout: string;
  /** Undefined where `isFencingWanted` decides. */
  readonly onFail: string | undefined;
}

/** A clone that has to run where the guest runs, and the node attribute that must be good there. */
export interface Dependency {
  readonly kind: DependencyKind;
  /** The name that the file gives it: `vm_pingd1`. */
  readonly setting: string;
  readonly clone: string;
  readonly attribute: string | undefined;
  /** What makes the attribute bad; undefined for daemons that have none. */
  readonly badWhen: AttributeTest | undefined;
  readonly colocationScore: string;
  readonly order: OrderSettings;
}

export const DEPENDENCY_KINDS = ['pingd', 'diskd', 'managerd', 'stonithd'] as const;
export type DependencyKind = (typeof DEPENDENCY_KINDS)[number];

export interface AttributeTest {
  readonly operation: string;
  readonly value: string;
}

export interface OrderSettings {
  readonly kind: 'Optional' | 'Mandatory';
  readonly isSymmetrical: boolean;
}
