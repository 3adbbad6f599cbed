/**
 * A package does not go while Pacemaker runs something on this node with what the package brings. Without its agent
 * Pacemaker would take a guest that runs for failed, could not stop it, and would fence the node with all its guests.
 *
 * It may go where none of that is active on this node (in standby), where Pacemaker keeps its hands off
 * (maintenance mode), and where Pacemaker does not run. What can't be known is refused.
 *
 * The text is for the scripts of both kinds of packages: POSIX sh, with what every system has.
 */
import type { Package } from './contents.ts';

const ANSWER_S = 20;
const AGENTS = 'usr/lib/ocf/resource.d/extra/';

const patternOf = ({ files, units }: Package): string => {
  const agents = files.flatMap(({ to }) => (to.startsWith(AGENTS) ? [to.slice(AGENTS.length)] : []));
  return `^(ocf:+extra:(${agents.join('|')})|(systemd|service):(${units.join('|')})([.]service)?)$`;
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

# What is active on node $1 and managed, by what crm_mon says ($2); also what migrates, for where to is not said.
in_use() {
  awk -v RS='<' -F '"' -v node="$1" -v pattern='${patternOf(what)}' '
    {
      split("", value)
      for (i = 1; i < NF; i += 2) {
        key = $i
        sub(".*[ \\t\\n]", "", key)
        value[key] = $(i + 1)
      }
    }
    /^resource / {
      id = value["id="]
      inside = value["resource_agent="] ~ pattern && value["managed="] == "true" && $NF !~ "^/"
      if (inside && value["pending="] == "Migrating") used[id] = 1
    }
    $0 ~ "^/resource>" { inside = 0 }
    /^node / && inside && value["name="] == node { used[id] = 1 }
    END { for (id in used) print "  " id }
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
Without the package Pacemaker would take its guests for failed, and fence this node when it could not stop them.
Ask again when crm_mon answers; or stop Pacemaker on this node first.
.
  fi
  if [ -n "$used" ]; then
    stay "Pacemaker runs with it on $node" <<.
$used
Without the package Pacemaker would take these for failed, and fence $node when it could not stop them.
Either have them moved away, or stopped, first:
  crm node standby $node                         (pcs node standby $node)
or have Pacemaker leave them alone, and they run on:
  crm configure property maintenance-mode=true   (pcs property set maintenance-mode=true)
and leave maintenance mode only when the package is there again, or Pacemaker has no such resource any more.
.
  fi
fi`.trim();
