/** All families: every parser of what comes from outside is in one of them. */

import { cib } from './families/cib.ts';
import { clusterStatus } from './families/cluster-status.ts';
import { clusterTools } from './families/cluster-tools.ts';
import { commandLines } from './families/command-lines.ts';
import { fenceInput, processes, records } from './families/commands.ts';
import { iniConfig, rules, shellConfig } from './families/configuration.ts';
import { daemonConfig } from './families/daemon-config.ts';
import { domainXml } from './families/domain-xml.ts';
import { frames } from './families/frames.ts';
import { guestCalls } from './families/guest-calls.ts';
import { libvirtTraces } from './families/libvirt-traces.ts';
import { ownFiles } from './families/own-files.ts';
import { replies } from './families/replies.ts';
import { oldTokens, tokens } from './families/tokens.ts';
import { virshOutput } from './families/virsh-output.ts';
import { virshTools } from './families/virsh-tools.ts';
import type { Family } from './family.ts';

export const FAMILIES: readonly Family[] = [
  frames,
  guestCalls,
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
  libvirtTraces,
  ownFiles,
  virshTools,
  commandLines,
];
