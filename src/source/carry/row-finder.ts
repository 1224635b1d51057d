import { quoteIdentifier } from '../../lib/quote.js';
import type { SourceTable } from '../../model/source.js';
import type { SqliteValue } from '../../model/value.js';
import type { Database } from '../sqlite.js';
import { addressOf } from './row-address.js';
import { uuidTexts, usualUuidTexts } from './uuid-texts.js';

/** The cells that may mean one value of a key; of a uuid also its 32 lower digits, for the texts that spell it. */
export interface SoughtCells {
  readonly cells: readonly SqliteValue[];
  readonly uuid: string | null;
}

type Values = readonly SqliteValue[];

/** More combinations of cells than this are not tried for one key. */
const combinationsMax = 16;

/** Finds the addresses of rows by the cells of their keys, by an index of the table. */
export class RowFinder {
  readonly #db: Database;
  readonly #table: SourceTable;
  readonly #names: readonly string[];
  readonly #find: ReturnType<typeof prepare>;
  readonly #probes = new Map<number, ReturnType<typeof prepare>>();

  private constructor(db: Database, table: SourceTable, names: readonly string[]) {
    this.#db = db;
    this.#table = table;
    this.#names = names;
    this.#find = prepare(db, findSql(table, names));
  }

  /**
   * Null where no index finds rows by these columns. `spelled`: positions of columns whose texts are looked for by how they
   * begin, which must be told from others by their bytes.
   */
  static of(
    db: Database,
    table: SourceTable,
    names: readonly string[],
    spelled: readonly number[] = [],
  ): RowFinder | null {
    const isBinary = (at: number) => table.columns.find(({ name }) => name === names[at])?.collation === 'BINARY';
    if (addressOf(table).length === 0 || !spelled.every(isBinary)) return null;
    const statements = [findSql(table, names), ...spelled.map((at) => probeSql(table, names, at))];
    return statements.every((sql) => isIndexed(db, sql)) ? new RowFinder(db, table, names) : null;
  }

  /** The addresses of the rows with one of the cells in each column; null where there are too many combinations. */
  find(key: readonly SoughtCells[]): Values[] | null {
    const usual = key.map(({ cells, uuid }) => [...cells, ...(uuid === null ? [] : usualUuidTexts(uuid))]);
    if (key.reduce((product, { cells }) => product * cells.length, 1) > combinationsMax) return null;
    const found = this.#withAny(usual, []);
    // A key is that of one row: where it was found there is no other spelling of it.
    if (found.length > 0 || key.every(({ uuid }) => uuid === null)) return found;
    return this.#spelled(key, []);
  }

  #withAny([cells, ...others]: readonly Values[], before: Values): Values[] {
    if (cells === undefined) return this.#find.all(...(before as SqliteValue[]));
    return cells.flatMap((cell) => this.#withAny(others, [...before, cell]));
  }

  #spelled([sought, ...others]: readonly SoughtCells[], before: Values): Values[] {
    if (sought === undefined) return this.#find.all(...(before as SqliteValue[]));
    const { cells, uuid } = sought;
    const texts = uuid === null ? [] : uuidTexts(uuid, (start) => this.#isBegun(before, start));
    return [...cells, ...texts].flatMap((cell) => this.#spelled(others, [...before, cell]));
  }

  /** Whether a text begins like this in the column behind those whose cells are known. */
  #isBegun(before: Values, start: string): boolean {
    const at = before.length;
    const probe = this.#probes.get(at) ?? prepare(this.#db, probeSql(this.#table, this.#names, at));
    this.#probes.set(at, probe);
    return probe.get(...(before as SqliteValue[]), `${start}${aboveNone}`, `${start}${aboveAll}`) !== undefined;
  }
}

/** Around the digits, hyphens and braces of uuids. A start of digits alone would be compared as a number without them. */
const aboveNone = '\u0001';
const aboveAll = '\u007f';

function prepare(db: Database, sql: string) {
  return db.prepare<SqliteValue[], SqliteValue[]>(sql).raw().safeIntegers();
}

function findSql(table: SourceTable, names: readonly string[]): string {
  const read = addressOf(table).map((name) => `t.${quoteIdentifier(name)}`);
  const equal = names.map((name) => `t.${quoteIdentifier(name)} = ?`);
  return `SELECT ${read.join(', ')} FROM main.${quoteIdentifier(table.name)} AS t WHERE ${equal.join(' AND ')}`;
}

function probeSql(table: SourceTable, names: readonly string[], at: number): string {
  const equal = names.slice(0, at).map((name) => `t.${quoteIdentifier(name)} = ?`);
  const name = `t.${quoteIdentifier(names[at] ?? '')}`;
  const where = [...equal, `${name} > ?`, `${name} < ?`].join(' AND ');
  return `SELECT 1 FROM main.${quoteIdentifier(table.name)} AS t WHERE ${where} LIMIT 1`;
}

function isIndexed(db: Database, sql: string): boolean {
  const slots = [...sql.matchAll(/\?/g)].map(() => null);
  const plan = db.prepare<SqliteValue[], { detail: string }>(`EXPLAIN QUERY PLAN ${sql}`).all(...slots);
  return plan.some(({ detail }) => detail.startsWith('SEARCH t '));
}
