/**
 * The picture of a benchmark: a row for each figure, as long as its median, with a line from the least to the 99th
 * percentile. A logarithmic scale where the rows differ by more than people can see on a linear one.
 */
import type { BenchmarkResult, Kind, Row } from './benchmark.ts';
import { figures } from './limits.ts';

const WIDTH = 900;
const NAMES = 400;
const VALUES = 110;
const ROW = 24;
const HEAD = 34;
const FOOT = 26;
const COLOURS: Readonly<Record<Kind, string>> = { ours: '#1f6f8b', peer: '#c7752d', floor: '#8a8a8a' };
const KIND_WORDS: Readonly<Record<Kind, string>> = { ours: 'ours', peer: 'peers', floor: 'floor' };

export function plotSvg({ rows, plot }: Pick<BenchmarkResult, 'rows' | 'plot'>, title: string): string {
  const shown = rows.filter(
    ({ unit, name }) => unit === plot.unit && (plot.rows === undefined || plot.rows.includes(name)),
  );
  const scale = scaleOf(shown, plot.scale === 'logarithmic');
  const height = HEAD + shown.length * ROW + FOOT;
  const bottom = HEAD + shown.length * ROW;
  const lines = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="12">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
    ...legend(shown),
    ...scale.ticks.flatMap((tick) => {
      const x = place(scale.at(tick));
      return [
        `<line x1="${x}" y1="${HEAD}" x2="${x}" y2="${bottom}" stroke="#dddddd"/>`,
        text(x, bottom + 16, `${figures(tick)} ${plot.unit}`, 'middle', '#555555'),
      ];
    }),
    ...shown.flatMap((row, index) => bar(row, HEAD + index * ROW, scale.at)),
    '</svg>',
  ];
  return `${lines.join('\n')}\n`;
}

function bar({ name, kind, unit, stats }: Row, top: number, at: (value: number) => number): string[] {
  const [start, end] = [NAMES, place(at(stats.median))];
  const middle = top + ROW / 2;
  const whisker =
    stats.count === 1
      ? []
      : [
          `<line x1="${place(at(stats.least))}" y1="${middle}" x2="${place(at(stats.p99))}" y2="${middle}" stroke="#222222"/>`,
        ];
  return [
    text(NAMES - 8, middle + 4, name, 'end', '#222222'),
    `<rect x="${start}" y="${top + 5}" width="${round(Math.max(1, end - start))}" height="${ROW - 10}" fill="${COLOURS[kind]}"/>`,
    ...whisker,
    text(WIDTH - VALUES + 12, middle + 4, `${figures(stats.median)} ${unit}`, 'start', '#222222'),
  ];
}

function legend(rows: readonly Row[]): string[] {
  const kinds = (['ours', 'peer', 'floor'] as const).filter((kind) => rows.some((row) => row.kind === kind));
  return [
    ...kinds.flatMap((kind, index) => [
      `<rect x="${NAMES + index * 80}" y="10" width="12" height="12" fill="${COLOURS[kind]}"/>`,
      text(NAMES + 18 + index * 80, 20, KIND_WORDS[kind], 'start', '#222222'),
    ]),
    text(WIDTH - VALUES + 12, 20, 'median', 'start', '#555555'),
  ];
}

/** From 0 or, logarithmic, from the power of ten below the least, to 1. */
function scaleOf(rows: readonly Row[], isLogarithmic: boolean) {
  const most = Math.max(...rows.map(({ stats }) => Math.max(stats.median, stats.p99)));
  if (!isLogarithmic) {
    const step = niceStep(most / 4);
    const ticks = Array.from({ length: Math.floor(most / step) + 1 }, (_, index) => index * step);
    return { ticks, at: (value: number) => value / most };
  }
  const least = Math.min(...rows.map(({ stats }) => stats.least).filter((value) => value > 0));
  const first = Math.floor(Math.log10(least));
  const span = Math.log10(most) - first;
  const ticks = Array.from({ length: Math.floor(span) + 1 }, (_, index) => 10 ** (first + index));
  return { ticks, at: (value: number) => Math.max(0, (Math.log10(value) - first) / span) };
}

/** 1, 2 or 5 times a power of ten, and no less than this. */
function niceStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  return ([1, 2, 5].find((factor) => factor * power >= least) ?? 10) * power;
}

const round = (value: number) => Number(value.toFixed(1));
const place = (share: number) => round(NAMES + share * (WIDTH - NAMES - VALUES));

const text = (x: number, y: number, words: string, anchor: string, colour: string) =>
  `<text x="${x}" y="${y}" text-anchor="${anchor}" fill="${colour}">${escaped(words)}</text>`;

const escaped = (words: string) =>
  words.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
