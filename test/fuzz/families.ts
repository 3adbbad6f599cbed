/** All families: every parser of what comes from outside is in one of them. */
import { clusterTools } from './families/cluster-tools.ts';
import { cib, clusterStatus } from './families/cluster-xml.ts';
import { fenceInput, processes, records, virshOutput } from './families/commands.ts';
import { iniConfig, rules, shellConfig } from './families/configuration.ts';
import { daemonConfig } from './families/daemon-config.ts';
import { domainXml } from './families/domain-xml.ts';
import { frames } from './families/frames.ts';
import { replies } from './families/replies.ts';
import { oldTokens, tokens } from './families/tokens.ts';
import type { Family } from './family.ts';

export const FAMILIES: readonly Family[] = [
  frames,
  replies,
  tokens,
  oldTokens,
  domainXml,
  clusterStatus,
  cib,
  clusterTools,
  shellConfig,
  iniConfig,
  daemonConfig,
  rules,
  fenceInput,
  records,
  virshOutput,
  processes,
];

export function familyNamed(name: string): Family {
  const family = FAMILIES.find((one) => one.name === name);
  if (family === undefined)
    throw new Error(`there is no family ${name}; choose of ${FAMILIES.map((one) => one.name).join(', ')}`);
  return family;
}
