import { isBuiltInCollation } from '../../lib/collation.js';
import { isSameName } from '../../lib/fold-case.js';
import { type KeyField, keyFieldOf } from '../../accept/key-field.js';
import { doubtsOf } from '../../accept/keyset-sql.js';
import type { ColumnPlan, TablePlan } from '../../model/plan.js';
import type { SourceCatalog, SourceTable } from '../../model/source.js';
import type { Threads } from '../../pool/threads.js';
import { utf8Order } from '../../source/verify/lines.js';
import type { ShadowColumn, ShadowForeignKey, ShadowIndex, ShadowTable } from '../../shadow/read.js';

/** The tables of the plan with their keys, indexes and foreign keys, as shadow reads are derived from. */
export async function shadowTables(request: {
  readonly tables: readonly TablePlan[];
  readonly catalog: SourceCatalog;
  readonly threads: Threads;
  readonly snapshotPath: string;
}): Promise<ShadowTable[]> {
  const { tables, catalog } = request;
  const sources = new Map(catalog.tables.map((table) => [table.name, table]));
  const drafts = await Promise.all(
    tables.map(async (table) => ({ table, columns: await shadowColumns(table, sources.get(table.source), request) })),
  );
  const columnsOf = new Map(drafts.map(({ table, columns }) => [table.source, columns]));
  return drafts.map(({ table, columns }) => {
    const source = sources.get(table.source);
    return {
      source: table.source,
      targetSchema: table.targetSchema,
      ...(table.staying === undefined ? {} : { staying: table.staying }),
      target: table.target,
      rows: table.rows,
      columns,
      key: table.key.origin === 'none' ? [] : pick(columns, table.key.columns),
      indexes: source === undefined ? [] : indexesOf(source, columns),
      foreignKeys: source === undefined ? [] : foreignKeysOf(source, columns, columnsOf),
    };
  });
}

function pick(columns: readonly ShadowColumn[], indexes: readonly number[]): ShadowColumn[] {
  return indexes.map((index) => columns[index]).filter((column) => column !== undefined);
}

/** Only what reads are ordered by is looked into: a column of a key or of an index. */
async function shadowColumns(
  table: TablePlan,
  source: SourceTable | undefined,
  request: { readonly catalog: SourceCatalog; readonly threads: Threads; readonly snapshotPath: string },
): Promise<ShadowColumn[]> {
  const { threads, snapshotPath } = request;
  const isUtf16 = request.catalog.encoding !== 'UTF-8';
  const ordering = new Set([
    ...table.key.columns.map((index) => table.columns[index]?.source),
    ...(source?.indexes ?? []).flatMap(({ columns }) => columns.map(({ column }) => column)),
  ]);
  const fields = table.columns.map((column) => ({ column, field: keyFieldOf(column) }));
  const doubts = doubtsOf({
    table: table.source,
    origin: 'none',
    leftOut: [],
    columns: fields.flatMap(({ column, field }) =>
      'text' in field && ordering.has(column.source) ? [{ column: column.source, field, isByStored: false }] : [],
    ),
  });
  const job = { tag: 'doubts', snapshotPath, sqls: doubts.map(({ sql }) => sql) } as const;
  const answers = doubts.length === 0 ? [] : await threads.run('keyset', job);
  const doubtful = new Set(doubts.filter((_, i) => answers[i] === true).map(({ column }) => column));
  return fields.map(({ column, field }) => {
    const collation = source?.columns.find(({ name }) => name === column.source)?.collation ?? 'BINARY';
    const isSure =
      'text' in field &&
      (field.isTotal || ordering.has(column.source)) &&
      !doubtful.has(column.source) &&
      isBuiltInCollation(collation);
    return { ...named(column), order: isSure ? orderOf(column, field, isUtf16) : null };
  });
}

function named({ source, target, kind }: ColumnPlan): Pick<ShadowColumn, 'source' | 'target' | 'kind'> {
  return { source, target, kind };
}

function orderOf({ kind }: ColumnPlan, { text }: KeyField, isUtf16: boolean): ShadowColumn['order'] {
  switch (kind.tag) {
    case 'bool':
    case 'int2':
    case 'int4':
    case 'int8':
    case 'numeric':
    case 'time':
    case 'timestamp':
    case 'timestamptz':
      return {
        sql: { source: `CAST(${text.source} AS INTEGER)`, target: `(${text.target})::numeric` },
        wrap: null,
      };
    default: {
      const wrap = isUtf16 ? utf8Order : null;
      const source = wrap === null ? text.source : `${wrap}(${text.source})`;
      return { sql: { source, target: `(${text.target}) COLLATE "C"` }, wrap };
    }
  }
}

function indexesOf(source: SourceTable, columns: readonly ShadowColumn[]): ShadowIndex[] {
  const find = (name: string | null) => columns.find((column) => column.source === name);
  return source.indexes
    .filter(({ origin, isPartial }) => origin !== 'pk' && !isPartial)
    .map(({ name, columns: parts }) => ({
      name,
      columns: parts.flatMap(({ column, descending }) => {
        const found = find(column);
        return found === undefined ? [] : [{ column: found, isDescending: descending }];
      }),
      width: parts.length,
    }))
    .filter(({ columns: found, width }) => found.length === width)
    .map(({ name, columns: found }) => ({ name, columns: found }));
}

function foreignKeysOf(
  source: SourceTable,
  columns: readonly ShadowColumn[],
  columnsOf: ReadonlyMap<string, readonly ShadowColumn[]>,
): ShadowForeignKey[] {
  return source.foreignKeys.flatMap(({ parentTable, columns: names, parentColumns }) => {
    const [parent, parents] = [...columnsOf].find(([name]) => isSameName(name, parentTable)) ?? [];
    if (parent === undefined || parents === undefined || parentColumns.length !== names.length) return [];
    const pairs = names.flatMap((name, i): [ShadowColumn, ShadowColumn][] => {
      const child = findColumn(columns, name);
      const other = findColumn(parents, parentColumns[i] ?? '');
      return child === undefined || other === undefined ? [] : [[child, other]];
    });
    return pairs.length === names.length ? [{ parent, pairs }] : [];
  });
}

function findColumn(columns: readonly ShadowColumn[], name: string): ShadowColumn | undefined {
  return columns.find(({ source }) => isSameName(source, name));
}
