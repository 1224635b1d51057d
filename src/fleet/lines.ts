import { refuseSecret } from '../lib/mask-secrets.js';
import { CopierError } from '../model/error.js';
import type { FleetLine } from '../model/fleet/fleet.js';

/**
 * Reads a manifest: one file per line, `source`, or `source TAB schema`, or `source TAB schema TAB options`, where options
 * are an object of JSON and the schema may be empty. Empty lines and those that begin with # are left out. Throws `usage.fleet_line`,
 * or `usage.secret` of a source that holds one, with the number of the line.
 */
export function parseLines(text: string, path: string): FleetLine[] {
  // A byte order mark, as editors on Windows write one, is not part of the first path.
  return text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .flatMap((line, index) => {
      if (line.trim() === '' || line.startsWith('#')) return [];
      const [source = '', schema, written, ...rest] = line.split('\t');
      const options = written === undefined ? null : readObject(written);
      const isNamed = schema?.trim() !== '' || written !== undefined;
      if (source.trim() === '' || !isNamed || options === undefined || rest.length > 0) throw badLine(path, index + 1);
      refuseSecret(source, `the source in line ${index + 1} of ${path}`);
      return [{ source, schema: schema === undefined || schema.trim() === '' ? null : schema, options }];
    });
}

/** An object of JSON; undefined where the text is none. */
function readObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? (value as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    return undefined;
  }
}

/** The manifest of these lines, as `parseLines` reads it. */
export function formatLines(lines: readonly FleetLine[]): string {
  const head =
    '# source, a tab, schema, and where there are any a tab and options. A relative source starts at the folder of the worker.';
  const body = lines.map(({ source, schema, options }) => {
    if (options !== null) return `${source}\t${schema ?? ''}\t${JSON.stringify(options)}`;
    return schema === null ? source : `${source}\t${schema}`;
  });
  return `${[head, ...body].join('\n')}\n`;
}

/** Whether a path can stand in a line. */
export function fitsLine(source: string): boolean {
  return !/[\t\r\n]/.test(source) && !source.startsWith('#') && source.trim() !== '';
}

function badLine(path: string, number: number): CopierError {
  return new CopierError(
    'usage.fleet_line',
    `line ${number} of ${path} is not a source, or a source, a tab and a schema, or these, a tab and an object of JSON`,
    {
      hint: 'write one file per line: the path, or the path, one tab and the name of its schema; then, where wanted, one tab and options such as {"zone": "UTC"}',
    },
  );
}
