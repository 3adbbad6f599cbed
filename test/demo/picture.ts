/** The timeline as an SVG page: the words of the terminal, and beside each step a bar where it was and how long it took. */
import type { Entry } from './timeline.ts';
import { seconds } from './timeline.ts';

const ROW = 18;
const MARGIN = 16;
const CHARACTER = 7.3;
const TEXT_AT = 80;
const BARS_AT = TEXT_AT + CHARACTER * 92;
const BARS_WIDTH = 220;
const COLOURS = { act: '#f0f6fc', step: '#c9d1d9', said: '#8b949e', stage: '#7ee787' } as const;

export function picture(entries: readonly Entry[]): string {
  const wholeMs = Math.max(1, ...entries.map(({ atMs, tookMs = 0, kind }) => endOf(atMs, tookMs, kind)));
  const rows = entries.map((entry, index) => row(entry, MARGIN + ROW * (index + 1), wholeMs));
  const width = BARS_AT + BARS_WIDTH + MARGIN;
  const height = MARGIN * 2 + ROW * (entries.length + 1);
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="monospace" font-size="12">
<title>A guest of a Pacemaker cluster migrates, freezes, and is fenced by its peer through the hosts</title>
<rect width="100%" height="100%" fill="#0d1117"/>
${rows.join('\n')}
</svg>
`;
}

/** A stage counts from the beginning of its step, and is told after it. */
const endOf = (atMs: number, tookMs: number, kind: Entry['kind']) => (kind === 'step' ? atMs + tookMs : atMs);

function row({ atMs, kind, text, tookMs }: Entry, y: number, wholeMs: number): string {
  const at = kind === 'act' ? MARGIN : TEXT_AT;
  const weight = kind === 'act' ? ' font-weight="bold"' : '';
  const words = kind === 'stage' ? `${Math.round(tookMs ?? 0)} ms`.padStart(9).concat(`  ${text}`) : text;
  const parts = [
    `<text x="${at}" y="${y}" fill="${COLOURS[kind]}"${weight} xml:space="preserve">${escaped(words)}</text>`,
  ];
  if (kind === 'step' && tookMs !== undefined) {
    const from = BARS_AT + (BARS_WIDTH * atMs) / wholeMs;
    const length = Math.max(2, (BARS_WIDTH * tookMs) / wholeMs);
    parts.push(
      `<text x="${MARGIN}" y="${y}" fill="#8b949e">${seconds(atMs)}</text>`,
      `<rect x="${from.toFixed(1)}" y="${y - 9}" width="${length.toFixed(1)}" height="9" fill="#388bfd"><title>${seconds(tookMs)}</title></rect>`,
    );
  }
  return parts.join('');
}

const escaped = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
