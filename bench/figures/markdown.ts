import type { ServerFacts } from '../measure/server.js';

/* What the pages of figures are made of. */

/** A table of Markdown; a bar or a line end in a cell would end it, so they are written otherwise. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** Seconds with so many fraction digits; a dash where nothing was measured. */
export function seconds(ms: number | null, digits = 2): string {
  return ms === null ? '–' : (ms / 1000).toFixed(digits);
}

export function megabytes(bytes: number | null): string {
  return bytes === null ? '–' : (bytes / 1e6).toFixed(0);
}

/** `PostgreSQL 18.4`, of what the server says about itself. */
export function versionOf({ version }: Pick<ServerFacts, 'version'>): string {
  return /PostgreSQL [\d.]+/.exec(version)?.[0] ?? version;
}
