/**
 * A package does not go while Pacemaker runs something on this node with what the package brings. Without its agent
 * Pacemaker would take a guest that runs for failed, could not stop it, and would fence the node with all its guests;
 * and without its fence agent a cluster could not fence.
 *
 * It may go where none of that is active on this node (in standby), where Pacemaker keeps its hands off
 * (maintenance mode; but not from fencing), and where Pacemaker does not run. What can't be known is refused.
 *
 * A fencing device is started on one node and used by any: for the node it is started on may be the one to fence.
 * It is in use on every node but those in standby, which none of Pacemaker's resources may be on.
 *
 * The text is for the scripts of both kinds of packages: POSIX sh, with what every system has.
 */
import type { Package, PackageName } from './contents.ts';

const ANSWER_S = 20;
const AGENTS = 'usr/lib/ocf/resource.d/extra/';
/** Where Pacemaker finds `stonith:` agents. */
const FENCE_AGENTS = /^usr\/(?:sbin\/(?=fence_)|lib\/stonith\/plugins\/)/;

const patternOf = ({ files, units }: Package): string => {
  const agents = files.flatMap(({ to }) => (to.startsWith(AGENTS) ? [to.slice(AGENTS.length)] : []));
  return `^(ocf:+extra:(${agents.join('|')})|(systemd|service):(${units.join('|')})([.]service)?)$`;
};

/** Of a package without any it matches nothing: no agent has an empty name. */
const fencePatternOf = ({ files }: Package): string => {
  const agents = files.flatMap(({ to }) => (FENCE_AGENTS.test(to) ? [to.replace(FENCE_AGENTS, '')] : []));
  return `^stonith:${agents.length > 0 ? `(${agents.join('|')})` : ''}$`;
};

/** What would become of the cluster, and what to do first; `$node` is this node. */
const WORDS: Readonly<Record<PackageName, { unanswered: string; inUse: string }>> = {
  'pm-kvm-tools-host': {
    unanswered: `Without the package Pacemaker would take its guests for failed, and fence this node when it could not stop them.
Ask again when crm_mon answers; or stop Pacemaker on this node first.`,
    inUse: `Without the package Pacemaker would take these for failed, and fence $node when it could not stop them.
Either have them moved away, or stopped, first:
  crm node standby $node                         (pcs node standby $node)
or have Pacemaker leave them alone, and they run on:
  crm configure property maintenance-mode=true   (pcs property set maintenance-mode=true)
and leave maintenance mode only when the package is there again, or Pacemaker has no such resource any more.`,
  },
  'pm-kvm-tools-guest': {
    unanswered: `Without the package this node could fence no other, and Pacemaker would take what it runs with it for failed.
Ask again when crm_mon answers; or stop Pacemaker on this node first.`,
    inUse: `Without the package $node could fence no other node, and Pacemaker would take these for failed.
Have Pacemaker do without $node first:
  crm node standby $node                         (pcs node standby $node)
or stop Pacemaker on it; or take these out of the cluster, when it has other fencing.`,
  },
};

/** Ends the shell with 1 when the package has to stay. */
export const refuseWhileInUse = (what: Package): string =>
  `
stay() {
  echo "${what.name} is not removed: $1" >&2
  cat >&2
  exit 1
}

# Not one in a container.
pacemaker_runs() {
  here=$(readlink /proc/self/ns/pid)
  for process in /proc/[0-9]*; do
    { read -r name <"$process/comm"; } 2>/dev/null || continue
    case $name in
      pacemaker*) [ "$(readlink "$process/ns/pid")" != "$here" ] || return 0 ;;
    esac
  done
  return 1
}

# What is in use on node $1 by what crm_mon says ($2); also what starts or migrates, for where is not said.
# Fails when that is not all that crm_mon has to say, or tells nothing of the node.
in_use() {
  awk -v RS='<' -F '"' -v node="$1" -v pattern='${patternOf(what)}' -v fence='${fencePatternOf(what)}' '
    {
      split("", value)
      for (i = 1; i < NF; i += 2) {
        key = $i
        sub(".*[ \\t\\n]", "", key)
        value[key] = $(i + 1)
      }
    }
    /^pacemaker-result / { begun = 1 }
    /^\\/pacemaker-result>/ { ended = begun }
    /^node / && !inside && !fences && value["name="] == node && "standby=" in value {
      known = 1
      standby = value["standby="] == "true"
    }
    /^resource / {
      id = value["id="]
      agent = value["resource_agent="]
      inside = agent ~ pattern && value["managed="] == "true"
      fences = agent ~ fence
      moves = (value["role="] " " value["pending="]) ~ "Starting|Migrating"
      if (inside && moves) used[id] = 1
      if (fences && !standby && (moves || value["active="] == "true")) used[id] = 1
      if ($NF ~ "^/") inside = fences = 0
    }
    $0 ~ "^/resource>" { inside = fences = 0 }
    /^node / && (inside || fences) && value["name="] == node { used[id] = 1 }
    END {
      if (!ended || !known) exit 1
      for (id in used) print "  " id
    }
  ' <<.
$2
.
}

if command -v crm_mon >/dev/null && command -v crm_node >/dev/null && pacemaker_runs; then
  ask="timeout -s KILL ${ANSWER_S}"
  if ! node=$($ask crm_node --name 2>/dev/null) ||
    ! state=$($ask crm_mon --one-shot --output-as=xml 2>/dev/null) ||
    ! used=$(in_use "$node" "$state"); then
    stay "Pacemaker runs on this node and does not say what it runs here" <<.
${WORDS[what.name].unanswered}
.
  fi
  if [ -n "$used" ]; then
    stay "Pacemaker runs with it on $node" <<.
$used
${WORDS[what.name].inUse}
.
  fi
fi`.trim();
