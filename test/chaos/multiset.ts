/** Things by their names, with how many there are of each. */
export type Multiset = ReadonlyMap<string, number>;

export function countOf(names: readonly string[]): Multiset {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

/** What is in all of them: of each name as many as where there are fewest. */
export function inAll(all: readonly Multiset[]): Multiset {
  const [first = new Map<string, number>(), ...others] = all;
  return new Map(
    [...first]
      .map(([name, count]) => [name, Math.min(count, ...others.map((one) => one.get(name) ?? 0))] as const)
      .filter(([, count]) => count > 0),
  );
}

/** What one has more of than the other, and how many more. */
export function more(of: Multiset, than: Multiset): readonly string[] {
  return [...of].flatMap(([name, count]) => {
    const surplus = count - (than.get(name) ?? 0);
    if (surplus <= 0) return [];
    return [surplus === 1 ? name : `${name} (${surplus} of them)`];
  });
}

/** What differs from one thing of a kind to the next: ids, pids, times, and what mktemp makes up. */
export const withoutIds = (name: string): string =>
  name
    .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'UUID')
    .replace(/\b[0-9a-f]{24,}\b/g, 'HEX')
    .replace(/([.-])[A-Za-z0-9]*[A-Z0-9][A-Za-z0-9]{5,}\b(?=$| |\/)/g, '$1RANDOM')
    .replace(/\d{2,}/g, 'N');
