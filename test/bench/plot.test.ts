import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseXml } from '../../host/xml/parse-xml.ts';
import { plotSvg } from './plot.ts';
import { SAMPLE } from './sample-record.ts';

test('a picture is well-formed whatever the rows are called', () => {
  const read = parseXml(plotSvg(SAMPLE, SAMPLE.about));
  assert.ok(read.ok);
  assert.equal(read.root.name, 'svg');
});

test('a bar is as long as its median: half the median is half the bar', () => {
  const rows = SAMPLE.rows.slice(0, 2).map((row, index) => {
    const value = 50 * (index + 1);
    const stats = { ...row.stats, count: 1, least: value, median: value, p99: value, most: value };
    return { ...row, stats };
  });
  const svg = plotSvg({ rows, plot: { unit: 'ms', scale: 'linear' } }, 'two');
  const bars = [...svg.matchAll(/<rect x="\d+" y="\d+" width="([\d.]+)" height="14"/g)].map(([, width]) =>
    Number(width),
  );
  assert.equal(bars.length, 2);
  assert.ok(Math.abs((bars[1] ?? 0) - 2 * (bars[0] ?? 0)) < 0.5, `${bars}`);
});

test('a picture shows the rows of its unit alone', () => {
  const other = { ...SAMPLE.rows[0], name: 'elsewhere', kind: 'ours', unit: 'MiB' } as const;
  const rows = [...SAMPLE.rows, { ...other, stats: SAMPLE.rows[0]?.stats ?? assert.fail() }];
  assert.doesNotMatch(plotSvg({ ...SAMPLE, rows }, 'one'), /elsewhere/);
});
