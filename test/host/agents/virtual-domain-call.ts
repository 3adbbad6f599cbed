/** ocf:extra:VirtualDomain beside a libvirt that knows what a test has it say. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { AgentCall } from '../../support/agent-call.ts';

const AGENT = 'host/agents/VirtualDomain';
const NOTHING_RUNS = 'echo "error: failed to get domain" >&2; exit 1';

interface Play {
  readonly domain: string;
  /** What pacemaker-attrd has. */
  readonly mark?: string;
  /** A shell script for what pacemaker-attrd says of where the machine was sent; not asked where the environment names a node. */
  readonly arrived?: string;
  /** A shell script for what it is told. */
  readonly told?: string;
  /** The shell that the agent runs in, in the place of the machine's. */
  readonly shell?: readonly string[];
  /** A shell script for whatever virsh is asked but its URI; $D is the test's directory. */
  readonly virsh?: string;
}

export const UNSET = 'echo "attrd_updater: Could not query value: attribute does not exist" >&2; exit 78';

export function virtualDomain(t: TestContext, play: Play): AgentCall {
  const { domain, mark = '', virsh = NOTHING_RUNS, arrived = UNSET, told = 'exit', shell = [] } = play;
  const call = new AgentCall(t, AGENT, {}, shell);
  call.program(
    'virsh',
    `case $* in *uri*) echo qemu:///system; exit ;; esac\necho "$*" >>"$D/virsh"\n${virsh}`,
  );
  call.program(
    'attrd_updater',
    `case $* in
*--query*--all*arriving-*)
  if [ -n "$OCF_RESKEY_CRM_meta_on_node" ]; then echo "name=\\"arriving-tested\\" host=\\"$OCF_RESKEY_CRM_meta_on_node\\" value=\\"\\""
  else ${arrived}
  fi ;;
*--query*arriving-*) ${arrived} ;;
*--query*) ${mark === '' ? UNSET : `echo 'name="force_stop-tested" host="h" value="${mark}"'`} ;;
*) ${told} ;;
esac`,
  );
  writeFileSync(call.path('xml'), `<domain type='kvm'>\n  <name>${domain}</name>\n</domain>\n`);
  call.parameters = {
    config: call.path('xml'),
    hypervisor: 'qemu:///system',
    autoset_utilization_cpu: 'false',
    autoset_utilization_hv_memory: 'false',
  };
  return call;
}

/** What virsh was asked. */
export function asked(call: AgentCall): readonly string[] {
  const path = call.path('virsh');
  return existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n') : [];
}

export const UUID = '5a0e9ea0-6cf5-4bef-8beb-76f5235e671e';

/** What libvirt keeps of a domain that runs, in its own words and order. */
export const statusXml = (domain: string, state = "state='running' reason='booted'", job = '') =>
  `<domstatus ${state} pid='1'>\n${job}  <domain type='kvm' id='1'>
    <name>${domain}</name>\n    <uuid>${UUID}</uuid>\n  </domain>\n</domstatus>\n`;

export const job = (name: string) => `  <job type='none' async='${name}' phase='perform3' flags='0x301'/>\n`;

/** A file of libvirt's, for as long as the test goes. */
export function libvirtFile(t: TestContext, path: string, text: string): string {
  mkdirSync(path.replace(/\/[^/]*$/, ''), { recursive: true });
  writeFileSync(path, text);
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}
