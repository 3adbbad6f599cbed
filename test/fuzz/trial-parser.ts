/** What `trial-families.ts` reads with: every branch is hidden behind the one before it. */
export function doorsOpenedBy(text: string): number {
  let doors = 0;
  if (text.startsWith('k')) {
    doors++;
    if (text.startsWith('ke')) {
      doors++;
      if (text.startsWith('key')) {
        doors++;
      }
    }
  }
  return doors;
}
