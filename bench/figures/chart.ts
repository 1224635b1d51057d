import type { BenchResult, CaseResult } from './result.js';

/*
 * Shows where the time goes: one bar per case, one stretch per phase. Time outside of all phases is drawn grey as
 * "other", so that a bar always has the length of its time.
 */

const width = 900;
const left = 200;
const barHeight = 26;
const rowHeight = 44;
const top = 46;
const legendHeight = 26;
/** Colours that people with red-green blindness can distinguish too (Okabe and Ito, 2008). */
const colours = ['#0072b2', '#e69f00', '#009e73', '#cc79a7', '#56b4e9', '#d55e00', '#f0e442', '#000000'];
const otherColour = '#bbbbbb';
const legendColumns = 6;

interface Stretch {
  readonly name: string;
  readonly ms: number;
}

/** Draws a result as one self-contained SVG text. */
export function renderChart(result: BenchResult): string {
  const bars = result.cases.map((one) => ({ one, stretches: cutBar(one, result) }));
  const names = [...new Set(bars.flatMap(({ stretches }) => stretches.map(({ name }) => name)))].filter(
    (name) => name !== 'other',
  );
  const colourOf = (name: string): string =>
    name === 'other' ? otherColour : (colours[names.indexOf(name) % colours.length] ?? otherColour);
  const longestMs = Math.max(1, ...bars.map(({ stretches }) => sumMs(stretches)));
  const scale = (width - left - 70) / longestMs;
  const legendTop = top + bars.length * rowHeight;
  const legend = [...names, 'other'];
  const height = legendTop + Math.ceil(legend.length / legendColumns) * legendHeight + 10;
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="13">`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    `<text x="10" y="24" font-size="15">Where the time goes: ${escapeXml(`${result.shape} ${result.size}, ${result.fixture.rows} rows`)}</text>`,
    ...bars.map(({ one, stretches }, row) => drawBar({ one, stretches, y: top + row * rowHeight, scale, colourOf })),
    ...legend.map((name, at) => drawLegend({ name, at, y: legendTop, colour: colourOf(name) })),
    '</svg>',
  ].join('\n')}\n`;
}

/** The phases of a case, and the rest of its wall time. Phases that overlap may add up to more than that. */
function cutBar(one: CaseResult, result: BenchResult): Stretch[] {
  const { median } = one;
  const phases = joinSurvey(median.phases)
    .flatMap((phase) => (phase.name === 'copy' ? splitCopy(phase.ms, one, result) : [phase]))
    .filter(({ ms }) => ms > 0);
  const restMs = median.wallMs - sumMs(phases);
  return restMs > 0 ? [...phases, { name: 'other', ms: restMs }] : phases;
}

/** Checking, dumping and counting run at the same time, so together they take as long as the longest. */
function joinSurvey(phases: readonly Stretch[]): Stretch[] {
  const isSurvey = ({ name }: Stretch): boolean => ['check', 'dump', 'census'].includes(name);
  const longest = Math.max(0, ...phases.filter(isSurvey).map(({ ms }) => ms));
  const at = phases.findIndex(isSurvey);
  return phases.flatMap((phase, index) =>
    !isSurvey(phase) ? [phase] : index === at ? [{ name: 'check and census', ms: longest }] : [],
  );
}

/** The copy by what its threads did: read (as much as the page reader takes alone), encode, and wait for the server. */
function splitCopy(copyMs: number, { median, rows, name }: CaseResult, { readers }: BenchResult): Stretch[] {
  const threads = Number(/, (\d+) worker/.exec(name)?.[1] ?? Number.NaN);
  const pages = readers.find(({ reader }) => reader === 'pages');
  if (!median.fillMs || !pages || Number.isNaN(threads)) return [{ name: 'copy', ms: copyMs }];
  const fillMs = Math.min(copyMs, median.fillMs / threads);
  const readMs = Math.min(fillMs, (pages.cpuNsPerRow * rows) / 1e6 / threads);
  return [
    { name: 'read', ms: readMs },
    { name: 'encode', ms: fillMs - readMs },
    { name: 'wait for the server', ms: copyMs - fillMs },
  ];
}

function sumMs(stretches: readonly Stretch[]): number {
  return stretches.reduce((sum, { ms }) => sum + ms, 0);
}

interface Bar {
  readonly one: CaseResult;
  readonly stretches: readonly Stretch[];
  readonly y: number;
  /** Pixels per millisecond. */
  readonly scale: number;
  readonly colourOf: (name: string) => string;
}

function drawBar({ one, stretches, y, scale, colourOf }: Bar): string {
  const parts = [`<text x="10" y="${y + 18}">${escapeXml(one.name)}</text>`];
  let x = left;
  for (const { name, ms } of stretches) {
    const title = `<title>${escapeXml(name)}: ${(ms / 1000).toFixed(2)} s</title>`;
    parts.push(
      `<rect x="${x.toFixed(1)}" y="${y}" width="${(ms * scale).toFixed(1)}" height="${barHeight}" fill="${colourOf(name)}">${title}</rect>`,
    );
    x += ms * scale;
  }
  parts.push(`<text x="${(x + 6).toFixed(1)}" y="${y + 18}">${(one.median.wallMs / 1000).toFixed(2)} s</text>`);
  return parts.join('');
}

function drawLegend({ name, at, y, colour }: { name: string; at: number; y: number; colour: string }): string {
  const x = 10 + (at % legendColumns) * 145;
  const line = y + Math.floor(at / legendColumns) * legendHeight;
  return `<rect x="${x}" y="${line}" width="14" height="14" fill="${colour}"/><text x="${x + 20}" y="${line + 12}">${escapeXml(name)}</text>`;
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
