/** What the status of a daemon is printed with, for people: 80 columns, and times in their largest unit. */

const WIDTH = 80;

/** `start`, then the words; those that don't fit go on in the next line, under the first of them. */
export function wrapped(start: string, words: string): string {
  const lines: string[] = [];
  let line = '';
  for (const word of plain(words).split(' ')) {
    if (line !== '' && start.length + line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  lines.push(line);
  const indent = ' '.repeat(start.length);
  return lines.map((text, index) => `${`${index === 0 ? start : indent}${text}`.trimEnd()}\n`).join('');
}

/** What the other side calls itself must not move the cursor of whoever looks. */
export const plain = (text: string) => text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '?');

export function durationWords(ms: number): string {
  const seconds = ms / 1_000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 120) return `${Math.floor(seconds)} s`;
  if (seconds < 7_200) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3_600)} h`;
  return `${Math.floor(seconds / 86_400)} days`;
}
