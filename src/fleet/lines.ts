import { CopierError } from '../model/error.js';
import type { FleetLine } from '../model/fleet/fleet.js';

/**
 * Reads a manifest: one file per line, `source`, or `source TAB schema`. Empty lines and those that begin with # are
 * left out. Throws `usage.fleet_line` with the number of the line.
 */
export function parseLines(text: string, path: string): FleetLine[] {
  return text.split(/\r?\n/).flatMap((line, index) => {
    if (line.trim() === '' || line.startsWith('#')) return [];
    const [source = '', schema, ...rest] = line.split('\t');
    if (source.trim() === '' || schema?.trim() === '' || rest.length > 0) throw badLine(path, index + 1);
    return [{ source, schema: schema ?? null }];
  });
}

/** The manifest of these lines, as `parseLines` reads it. */
export function formatLines(lines: readonly FleetLine[]): string {
  const head = '# source, a tab, schema. A relative source starts at the folder in which the worker runs.';
  const body = lines.map(({ source, schema }) => (schema === null ? source : `${source}\t${schema}`));
  return `${[head, ...body].join('\n')}\n`;
}

/** Whether a path can stand in a line. */
export function fitsLine(source: string): boolean {
  return !/[\t\r\n]/.test(source) && !source.startsWith('#') && source.trim() !== '';
}

function badLine(path: string, number: number): CopierError {
  return new CopierError(
    'usage.fleet_line',
    `line ${number} of ${path} is not a source, or a source, a tab and a schema`,
    {
      hint: 'write one file per line: the path, or the path, one tab and the name of its schema',
    },
  );
}
