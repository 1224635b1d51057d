import { isWithinLimit } from './requirements.js';
import type { BenchResult, CaseResult, Pass, Requirement } from './result.js';

const megabyte = 1_000_000;

/** The result as a person reads it on a terminal. */
export function renderResult(result: BenchResult): string {
  const { shape, size, machine, server, fixture } = result;
  return `${[
    `${shape} ${size}: ${fixture.rows} rows, ${(fixture.bytes / megabyte).toFixed(1)} MB of SQLite file`,
    `${machine.cpu}, ${machine.cores} cores, ${Math.round(machine.memoryBytes / megabyte)} MB, ${machine.kernel}, Node ${machine.node}, SQLite ${machine.sqlite}`,
    `${server.version}; ${Object.entries(server.settings)
      .map((pair) => pair.join('='))
      .join(' ')}`,
    '',
    ...renderTable([header, ...result.cases.map((one) => caseCells(one, fixture.bytes))]),
    ...result.cases.filter(({ note }) => note !== null).map(({ name, note }) => `${name}: ${note}`),
    ...result.skipped.map(({ name, reason }) => `${name}: ${reason}`),
    '',
    ...renderTable(result.ratios.map(({ name, value }) => [name, value.toFixed(2)])),
    '',
    'must reach',
    ...renderTable(result.requirements.map(requirementCells)),
    '',
    ...result.cases.map(({ name, command }) => `${name}: ${command}`),
  ].join('\n')}\n`;
}

/** Name, limit, value, verdict. */
export function requirementCells(one: Requirement): string[] {
  const value = one.value === null ? '–' : one.value.toFixed(one.value < 20 ? 2 : 0);
  const isWithin = isWithinLimit(one);
  return [
    one.name,
    `${one.bound} ${one.limit}`,
    value,
    isWithin === null ? 'not measured' : isWithin ? 'ok' : 'MISSED',
  ];
}

const header = ['case', 'seconds', 'rows/s', 'MB/s', 'CPU s', 'server CPU s', 'peak MB', 'phases, s'];

function caseCells({ name, median, rows }: CaseResult, bytes: number): string[] {
  const seconds = median.wallMs / 1000;
  return [
    name,
    seconds.toFixed(2),
    Math.round(rows / seconds).toString(),
    (bytes / megabyte / seconds).toFixed(1),
    secondsOrDash(median.cpuMs),
    secondsOrDash(median.serverCpuMs),
    median.peakBytes === null ? '–' : (median.peakBytes / megabyte).toFixed(0),
    renderPhases(median),
  ];
}

function secondsOrDash(ms: number | null): string {
  return ms === null ? '–' : (ms / 1000).toFixed(2);
}

function renderPhases({ phases }: Pass): string {
  return phases.map(({ name, ms }) => `${name} ${(ms / 1000).toFixed(2)}`).join(', ');
}

/** Columns side by side: the first and the last to the left, numbers to the right. */
function renderTable(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const isLeft = (column: number): boolean => column === 0 || (column === widths.length - 1 && widths.length > 2);
  return rows.map((row) =>
    row
      .map((cell, column) => (isLeft(column) ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}
