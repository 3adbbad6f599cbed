/**
 * The least list for which `fails` still says yes: halves, quarters and so on are left out as long as that holds
 * (delta debugging).
 */
export async function shrink<T>(
  all: readonly T[],
  fails: (some: readonly T[]) => Promise<boolean>,
): Promise<readonly T[]> {
  let rest = all;
  let parts = 2;
  while (rest.length > 1) {
    const size = Math.ceil(rest.length / parts);
    let smaller: readonly T[] | undefined;
    for (let from = 0; from < rest.length && smaller === undefined; from += size) {
      const without = [...rest.slice(0, from), ...rest.slice(from + size)];
      if (await fails(without)) smaller = without;
    }
    if (smaller !== undefined) {
      rest = smaller;
      parts = Math.max(2, parts - 1);
    } else if (size === 1) {
      return rest;
    } else {
      parts = Math.min(rest.length, parts * 2);
    }
  }
  return rest;
}
