import { foldCase, isSameName } from '../../lib/fold-case.js';
import { quoteIdentifier } from '../../lib/quote.js';
import type { VirtualForm } from '../../model/rules.js';
import type { SourceColumn, SourceTable, VirtualClass } from '../../model/source.js';
import { type Database, isSqliteError } from '../sqlite.js';
import { affinityOf } from './affinity.js';
import type { ListedColumn } from './catalog-table.js';
import { isKeyword, readTokens, type Token } from './tokens.js';

/** Modules that show what stands elsewhere, or is computed: SQLite's own and those of its command-line shell. */
const showing =
  /^(?:fts5vocab|fts4aux|fts3aux|fts3tokenize|dbstat|sqlite_dbpage|sqlite_stmt|sqlite_memstat|bytecode|tables_used|json_each|json_tree|generate_series|carray|csv|fsdir|zipfile|completion|pragma_\w+)$/;

/** Modules of SQLite's own whose rows can be read whole, and given again. */
const carriable: Readonly<Record<string, VirtualClass>> = {
  fts3: 'full text',
  fts4: 'full text',
  fts5: 'full text',
  rtree: 'r-tree',
  rtree_i32: 'r-tree',
  geopoly: 'geopoly',
};

/** What CREATE VIRTUAL TABLE … USING module (argument, …) says; the module in lower case. */
interface VirtualText {
  readonly module: string;
  readonly args: readonly (readonly Token[])[];
}

export interface VirtualEntry {
  readonly name: string;
  readonly sql: string;
}

/**
 * Whether rows stand in a virtual table alone: all of them where it is a full-text table without `content=` (FTS5,
 * section 4.4; FTS4, section 6.2), an R-Tree or a Geopoly. True for a module that is not here, which may hold anything.
 */
export function holdsRowsAlone(db: Database, entry: VirtualEntry): boolean {
  const text = readVirtualText(entry.sql);
  if (showing.test(text.module) || isOverAnother(text)) return false;
  try {
    return db.prepare(`SELECT 1 FROM ${quoteIdentifier(entry.name)} LIMIT 1`).get() !== undefined;
  } catch (error) {
    if (isSqliteError(error)) return true;
    throw error;
  }
}

/**
 * The plain table that has the rows of a virtual one: its columns, and the rowid as the key where no column is it. Null
 * where its rows stand elsewhere, or cannot be read, or SQL does not give back all of them.
 */
export function asPlainTable(db: Database, entry: VirtualEntry, form: VirtualForm): SourceTable | null {
  const { name } = entry;
  const text = readVirtualText(entry.sql);
  const as = carriable[text.module];
  if (as === undefined || hasMore(text) || !isReadable(db, name)) return null;
  const columns = columnsOf(db, name, text);
  const key = as === 'r-tree' ? (columns[0]?.name ?? null) : freeRowid(columns);
  if (key === null) return null;
  const all = as === 'r-tree' ? columns : [plainColumn(key, 'INTEGER'), ...columns];
  const dimensions = as === 'r-tree' ? dimensionsOf(columns, text) : [];
  return {
    name,
    sql: createTable(name, all, key),
    rootPage: 0,
    isWithoutRowid: false,
    isStrict: false,
    columns: all,
    primaryKey: [key],
    rowidAlias: key,
    rowidName: key,
    isAutoincrement: false,
    sequence: null,
    foreignKeys: [],
    indexes: [],
    virtual: {
      class: as,
      form,
      forms: [
        'table',
        ...(dimensions.length === 2 ? ['box' as const] : []),
        ...(dimensions.length > 0 ? ['range' as const] : []),
      ],
      dimensions,
      sql: entry.sql,
      storeRoot: storeRoot(db, name, as),
    },
  };
}

/** Whether the rows stand elsewhere, or hold what SQL does not give back: the locale of a value. */
function hasMore(text: VirtualText): boolean {
  const isOver = text.module !== 'fts3' && optionOf(text, 'content') !== null;
  return isOver || optionOf(text, 'locale') === '1';
}

function isReadable(db: Database, name: string): boolean {
  try {
    db.prepare(`SELECT * FROM ${quoteIdentifier(name)} LIMIT 1`).get();
    return true;
  } catch (error) {
    if (isSqliteError(error)) return false;
    throw error;
  }
}

function createTable(name: string, columns: readonly SourceColumn[], key: string): string {
  const texts = columns.map((column) => {
    const type = column.declaredType === '' ? '' : ` ${column.declaredType}`;
    return `${quoteIdentifier(column.name)}${type}${column.name === key ? ' PRIMARY KEY' : ''}`;
  });
  return `CREATE TABLE ${quoteIdentifier(name)} (${texts.join(', ')})`;
}

/** The columns behind the id, two by two, without those that the operator added with a plus sign. */
function dimensionsOf(columns: readonly SourceColumn[], { args }: VirtualText): [string, string][] {
  const own = columns.filter((_, at) => at > 0 && !isAdded(args[at])).map((column) => column.name);
  return own.flatMap((name, at) => (at % 2 === 0 ? [[name, own[at + 1] ?? name]] : []));
}

function isAdded(arg: readonly Token[] | undefined): boolean {
  return arg?.[0]?.text === '+';
}

function columnsOf(db: Database, table: string, text: VirtualText): SourceColumn[] {
  const listed = db.pragma(`main.table_xinfo(${quoteIdentifier(table)})`) as ListedColumn[];
  if (carriable[text.module] === 'r-tree') {
    const number = text.module === 'rtree' ? 'REAL' : 'INTEGER';
    return listed.map(({ name, type }, at) =>
      plainColumn(name, at === 0 ? 'INTEGER' : isAdded(text.args[at]) ? type : number),
    );
  }
  const language = optionOf(text, 'languageid');
  return listed
    .filter(({ name, hidden }) => hidden === 0 || (language !== null && isSameName(name, language)))
    .map(({ name, type, hidden }) => plainColumn(name, hidden === 0 ? type : 'INTEGER'));
}

function plainColumn(name: string, declaredType: string): SourceColumn {
  return {
    name,
    declaredType,
    affinity: affinityOf(declaredType, false),
    notNull: false,
    defaultSql: null,
    generated: 'no',
    collation: 'BINARY',
  };
}

function freeRowid(columns: readonly SourceColumn[]): string | null {
  const taken = new Set(columns.map(({ name }) => foldCase(name)));
  return ['rowid', '_rowid_', 'oid'].find((name) => !taken.has(name)) ?? null;
}

/** A full-text table keeps its rows in a b-tree under the same rowids; the others keep them in nodes of their own. */
function storeRoot(db: Database, name: string, as: VirtualClass): number {
  const store = `${name}_${as === 'full text' ? 'content' : 'node'}`;
  const sql = "SELECT rootpage FROM main.sqlite_schema WHERE type = 'table' AND name = ? COLLATE NOCASE";
  return db.prepare<[string], number>(sql).pluck().safeIntegers(false).get(store) ?? 0;
}

function readVirtualText(sql: string): VirtualText {
  const tokens = [...readTokens(sql)];
  const using = tokens.findIndex((token) => isKeyword(token, 'USING'));
  const args: Token[][] = [[]];
  let depth = 0;
  for (const token of tokens.slice(using + 2)) {
    const sign = token.tag === 'mark' ? token.text : '';
    if (sign === ')') depth--;
    if (sign === ',' && depth === 1) args.push([]);
    else if (depth > 0) args.at(-1)?.push(token);
    if (sign === '(') depth++;
  }
  return { module: foldCase(tokens[using + 1]?.text ?? ''), args };
}

/** The value of `name = value` among the arguments, null where it is not there. */
function optionOf({ args }: VirtualText, name: string): string | null {
  const found = args.find(
    ([first, sign]) =>
      first !== undefined && foldCase(first.text) === name && sign?.tag === 'mark' && sign.text === '=',
  );
  return found === undefined ? null : (found[2]?.text ?? '');
}

/** FTS3 knows no `content=`; a table without content may keep the columns that it does not index. */
function isOverAnother(text: VirtualText): boolean {
  const isAble = text.module === 'fts4' || text.module === 'fts5';
  return isAble && optionOf(text, 'content') !== null && optionOf(text, 'contentless_unindexed') !== '1';
}
