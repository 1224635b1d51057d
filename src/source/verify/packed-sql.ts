import { quoteIdentifier } from '../../lib/quote.js';
import type { Kind } from '../../model/kind.js';
import type { TablePlan } from '../../model/plan.js';

export type SourceTableToVerify = Pick<TablePlan, 'source' | 'columns'> & Partial<Pick<TablePlan, 'rowidName'>>;

/** SQLite bounds the arguments of a function (SQLITE_LIMIT_FUNCTION_ARG, 100 in old builds); a cell takes four. */
const cellsPerCall = 20;

/** How the columns of a group of rows are packed, by index. */
export interface Packing {
  /** Of these only numbers are packed, without class and length. */
  readonly bare: ReadonlySet<number>;
  /** Those of them of which nothing is packed, since their doubles say it all. */
  readonly apart: ReadonlySet<number>;
  /** Of these only texts are packed, with their length but without class. */
  readonly texts: ReadonlySet<number>;
}

const none: ReadonlySet<number> = new Set();

/** Packs every column with class and length. */
export const packingOfAny: Packing = { bare: none, apart: none, texts: none };

const exactReals: ReadonlySet<Kind['tag']> = new Set([
  'int2',
  'int4',
  'int8',
  'float4',
  'float8',
  'numeric',
  'date',
  'timestamp',
  'timestamptz',
]);

/** The columns, by index, whose reals are also read as doubles. */
export function exactRealsOf(table: SourceTableToVerify): number[] {
  return table.columns.flatMap((column, index) => (exactReals.has(column.kind.tag) ? [index] : []));
}

/** Reads each row of table t as its packed cells, then its doubles, then the columns of its address. */
export function selectSql(
  table: SourceTableToVerify,
  {
    reals,
    isUtf16,
    address = [],
    before = '',
  }: {
    readonly reals: readonly number[];
    readonly isUtf16: boolean;
    readonly address?: readonly string[];
    /** Of the FROM list. */
    readonly before?: string | undefined;
  },
): string {
  const packed = packedSql(table, isUtf16);
  const doubles = reals.map((index) => realSql(table, index));
  const addresses = address.map((name) => `t.${quoteIdentifier(name)}`);
  return `SELECT ${[isUtf16 ? packed : `CAST(${packed} AS BLOB)`, ...doubles, ...addresses].join(', ')} FROM ${before}${quoteIdentifier(table.source)} AS t`;
}

/**
 * The packing where these columns hold only what their affinity makes likely, and NULLs. A column of reals is read as
 * doubles anyway; where its kind asks for nothing else, writing them down as text would be for nothing. Some cell of a row
 * is always packed.
 */
export function packingOf(table: SourceTableToVerify, uniform: readonly number[]): Packing {
  const isText = (index: number) => table.columns[index]?.affinity === 'text';
  const bare = uniform.filter((index) => !isText(index));
  const apart = bare.filter((index) => isOfDoubles(table.columns[index]));
  return {
    bare: new Set(bare),
    apart: new Set(apart.length < table.columns.length ? apart : apart.slice(1)),
    texts: new Set(uniform.filter(isText)),
  };
}

/** Of these kinds the verifier never looks at the text of a real. In a column of this affinity every number is one. */
function isOfDoubles(column: SourceTableToVerify['columns'][number] | undefined): boolean {
  return column?.affinity === 'real' && ['float4', 'float8', 'numeric'].includes(column.kind.tag);
}

/**
 * An expression for a row of t: its cells packed into one text. Of bare columns each cell is only the number, or nothing
 * for NULL, and a comma; of texts a NULL has no length. A row with another value there must not be packed so (see
 * `isUniformSql`).
 */
export function packedSql(table: SourceTableToVerify, isUtf16: boolean, packing = packingOfAny): string {
  const names = columnNames(table);
  const cells = names.flatMap((name, index) => {
    if (packing.apart.has(index)) return [];
    if (packing.bare.has(index)) return [`${name}, ','`];
    return [packing.texts.has(index) ? `octet_length(${name}), ':', ${name}` : cellSql(name, isUtf16)];
  });
  const calls: string[] = [];
  for (let i = 0; i < cells.length; i += cellsPerCall) {
    calls.push(`concat(${cells.slice(i, i + cellsPerCall).join(', ')})`);
  }
  return nest(calls);
}

/** An expression for a row of t: the bytes of all cells but bare ones, which SQLite knows without reading them. */
export function sizeSql(table: SourceTableToVerify, { bare } = packingOfAny): string {
  const sizes = columnNames(table).flatMap((name, index) =>
    bare.has(index) ? [] : [`ifnull(octet_length(${name}), 0)`],
  );
  return sizes.length === 0 ? '0' : sizes.join(' + ');
}

/** The columns, by index, whose affinity makes numbers alone likely, or texts. */
export function likelyUniformOf(table: SourceTableToVerify): number[] {
  return table.columns.flatMap(({ affinity }, index) => (affinity === 'blob' ? [] : [index]));
}

/**
 * A condition on a row of t: the column holds a number or NULL, which SQLite orders before every text and blob; in a
 * column for texts, which holds no number, a text, ordered before every blob. The + keeps SQLite from trying the constant as
 * a number for every row, and a text of digits from passing for one.
 */
export function isUniformSql(table: SourceTableToVerify, index: number): string {
  const name = columnNames(table)[index];
  const beyond = table.columns[index]?.affinity === 'text' ? "x''" : "''";
  return `((+${name}) COLLATE BINARY < ${beyond} OR ${name} IS NULL)`;
}

/** An expression for a row of t: the column where it is a real, else NULL; of a column apart there is nothing else. */
export function realSql(table: SourceTableToVerify, index: number, { apart } = packingOfAny): string {
  const name = columnNames(table)[index] ?? '';
  if (apart.has(index)) return name;
  return `CASE WHEN typeof(${name}) = 'real' THEN ${name} END`;
}

function columnNames(table: SourceTableToVerify): string[] {
  return table.columns.map((column) => `t.${quoteIdentifier(column.source)}`);
}

/** Joins any number of texts without a call of too many arguments or an expression too deep. */
function nest(calls: readonly string[]): string {
  if (calls.length === 1) return calls[0] ?? '';
  const outer: string[] = [];
  for (let i = 0; i < calls.length; i += cellsPerCall)
    outer.push(`concat(${calls.slice(i, i + cellsPerCall).join(', ')})`);
  return nest(outer);
}

/** concat() passes over NULL, so that a NULL cell is just `n:`. In UTF-16 files blobs must be hexadecimal to survive as text. */
function cellSql(name: string, isUtf16: boolean): string {
  const value = isUtf16 ? `CASE WHEN typeof(${name}) = 'blob' THEN hex(${name}) ELSE ${name} END` : name;
  const initial = `CASE typeof(${name}) WHEN 'text' THEN 't' WHEN 'integer' THEN 'i' WHEN 'null' THEN 'n' WHEN 'real' THEN 'r' ELSE 'b' END`;
  return `${initial}, octet_length(${value}), ':', ${value}`;
}
