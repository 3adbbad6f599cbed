/**
 * What `npm audit --json` has said: nothing is known of the dependencies, something is, or nobody was asked. The last is no pass: a registry
 * that does not answer says nothing of any package.
 */
export interface AuditVerdict {
  /** 0: asked, and nothing is known. 1: something is. 2: there was no answer. */
  readonly exitStatus: 0 | 1 | 2;
  readonly lines: readonly string[];
}

type Members = Readonly<Record<string, unknown>>;

const membersOf = (value: unknown): Members =>
  typeof value === 'object' && value !== null ? { ...value } : {};
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

export function auditVerdict(stdout: string): AuditVerdict {
  const answer = parsed(stdout);
  const total = membersOf(membersOf(answer['metadata'])['vulnerabilities'])['total'];
  const found = answer['vulnerabilities'];
  if (typeof total !== 'number' || typeof found !== 'object' || found === null) return notAsked(answer);
  const lines = Object.entries(membersOf(found)).flatMap(([name, fault]) =>
    faultLines(name, membersOf(fault)),
  );
  if (total === 0 && lines.length === 0)
    return {
      exitStatus: 0,
      lines: ['audit: the registry knows of no vulnerability in what the programs are made of'],
    };
  return { exitStatus: 1, lines };
}

function parsed(stdout: string): Members {
  try {
    return membersOf(JSON.parse(stdout));
  } catch {
    return {};
  }
}

function notAsked(answer: Members): AuditVerdict {
  const fault =
    textOf(answer['message']) || textOf(membersOf(answer['error'])['summary']) || 'npm said nothing of it';
  const remedy = 'run it where npm reaches a registry that answers npm audit, and take this for no verdict';
  return { exitStatus: 2, lines: [`audit: nobody was asked: ${fault}; ${remedy}`] };
}

function faultLines(name: string, { severity, range, via }: Members): readonly string[] {
  const causes = (Array.isArray(via) ? via : []).map((cause: unknown) => {
    const { title, url } = membersOf(cause);
    return typeof cause === 'string' ? `by ${cause}` : `${textOf(title)} ${textOf(url)}`.trim();
  });
  return [`audit: ${name} ${textOf(range)} (${textOf(severity)}): ${causes.join('; ')}`];
}
