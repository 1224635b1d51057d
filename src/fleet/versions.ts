import { createHash } from 'node:crypto';
import type { FleetVersion } from '../model/fleet/fleet.js';
import type { SourceCatalog, SourceTable } from '../model/source.js';

/** One thing of a schema that a plan would look at. */
interface SchemaPart {
  /** All that is to be equal of it. */
  readonly line: string;
  /** The table that it belongs to; null for a table itself and for what stands alone. */
  readonly table: string | null;
}

/** The parts of a schema by what they are: `column t.a`, `index i of t`. */
export type SchemaParts = ReadonlyMap<string, SchemaPart>;

/** What of a file counts for its schema version: not where it stands in the file, nor what SQLite itself keeps there. */
export function schemaParts({ encoding, tables, views, leftOut }: SourceCatalog): SchemaParts {
  const alone = (line: string): SchemaPart => ({ line, table: null });
  return new Map([
    ['encoding', alone(encoding)],
    ...tables.flatMap(tableParts),
    ...views.map(({ name, sql }): [string, SchemaPart] => [`view ${name}`, alone(sql)]),
    ...leftOut
      .filter(({ type }) => type !== 'view' && type !== 'internal')
      .map(({ name, type, sql }): [string, SchemaPart] => [`${type} ${name}`, alone(sql ?? '')]),
  ]);
}

function tableParts(table: SourceTable): [string, SchemaPart][] {
  const { name, isWithoutRowid, isStrict, columns, primaryKey, isAutoincrement, foreignKeys, indexes } = table;
  const form = { isWithoutRowid, isStrict, isAutoincrement, primaryKey, order: columns.map((column) => column.name) };
  const own = (what: string, value: unknown): [string, SchemaPart] => [
    what,
    { line: JSON.stringify(value), table: name },
  ];
  return [
    [`table ${name}`, { line: JSON.stringify(form), table: null }],
    ...columns.map((column) => own(`column ${name}.${column.name}`, column)),
    ...foreignKeys.map(({ id: _, ...key }) =>
      own(`foreign key of ${name} (${key.columns.join(', ')}) to ${key.parentTable}`, key),
    ),
    ...indexes.map((index) => own(`index ${index.name} of ${name}`, index)),
  ];
}

const idDigits = 12;

/** The id of a schema version: equal for two files whose parts are equal, in whatever order. */
export function versionId(parts: SchemaParts): string {
  const sorted = [...parts].sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(sorted)).digest('hex').slice(0, idDigits);
}

const differencesMax = 20;

/**
 * What `other` lacks, has besides, or has in another form than `usual`; a bounded number of lines. Of a table that only
 * one of them has the columns and indexes are not named too.
 */
export function describeSchemaDifferences(usual: SchemaParts, other: SchemaParts): string[] {
  const found = [...new Set([...usual.keys(), ...other.keys()])].sort().flatMap((what) => {
    const [was, is] = [usual.get(what), other.get(what)];
    if (was?.line === is?.line) return [];
    const table = `table ${(was ?? is)?.table}`;
    if (usual.has(table) !== other.has(table)) return [];
    if (is === undefined) return [`lacks ${what}`];
    return [was === undefined ? `has ${what} besides` : `has another ${what}`];
  });
  const rest = found.length - differencesMax;
  return rest > 0 ? [...found.slice(0, differencesMax), `and ${rest} more`] : found;
}

/** A version that some files have. */
export interface FoundVersion {
  readonly id: string;
  readonly parts: SchemaParts;
  readonly tables: number;
  readonly example: string;
  readonly files: number;
}

/** The versions of a fleet, the most frequent first, each described against that one. */
export function rankVersions(found: readonly FoundVersion[]): FleetVersion[] {
  const ranked = [...found].sort((a, b) => b.files - a.files || (a.id < b.id ? -1 : 1));
  const [usual] = ranked;
  return ranked.map(({ id, parts, tables, example, files }) => ({
    id,
    files,
    tables,
    example,
    differences: usual === undefined ? [] : describeSchemaDifferences(usual.parts, parts),
  }));
}
