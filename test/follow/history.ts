import type { Database } from '../../src/source/sqlite.js';
import type { Dice } from '../source/pages/pages-scenario.js';

/*
 * Databases that live: tables of every shape that a page can have, and transactions between which snapshots are taken.
 */

/** Tables of a history, by what is special about each. */
export interface LivingTable {
  readonly name: string;
  /** Columns that are written. */
  readonly columns: readonly string[];
  /** rowid: INTEGER PRIMARY KEY; hidden: rows are told apart by a rowid that has no column; key: WITHOUT ROWID. */
  readonly shape: 'rowid' | 'hidden' | 'key';
}

const types = ['', 'INTEGER', 'TEXT', 'BLOB', 'REAL', 'NUMERIC', 'TEXT COLLATE NOCASE'] as const;

export function createTables(db: Database, dice: Dice): LivingTable[] {
  const count = 1 + dice.roll(3);
  return Array.from({ length: count }, (_, i) => createTable(db, dice, `t${i}`));
}

function createTable(db: Database, dice: Dice, name: string): LivingTable {
  const shape = dice.pick(['rowid', 'rowid', 'hidden', 'hidden', 'key'] as const);
  const columns = Array.from({ length: 1 + dice.roll(4) }, (_, i) => `c${i}`);
  const parts = columns.map((column) => `${column} ${dice.pick(types)}${dice.isLucky(5) ? " DEFAULT 'x'" : ''}`);
  if (shape === 'rowid') parts.unshift(`id INTEGER PRIMARY KEY${dice.isLucky(3) ? ' AUTOINCREMENT' : ''}`);
  if (shape === 'key')
    parts.unshift('id INTEGER NOT NULL', `k ${dice.pick(['TEXT', 'BLOB', 'TEXT COLLATE NOCASE'])} NOT NULL`);
  if (shape === 'key') parts.push('PRIMARY KEY (k, id)');
  if (dice.isLucky(6)) parts.splice(1, 0, `g AS (c0) ${dice.pick(['STORED', 'VIRTUAL'])}`);
  db.exec(`CREATE TABLE ${name} (${parts.join(', ')})${shape === 'key' ? ' WITHOUT ROWID' : ''}`);
  if (dice.isLucky(3)) db.exec(`CREATE INDEX i_${name} ON ${name} (c0)`);
  return { name, columns, shape };
}

/** One transaction, or one VACUUM. */
export function live(db: Database, dice: Dice, tables: readonly LivingTable[]): void {
  if (dice.isLucky(14)) {
    db.exec(dice.isLucky(2) ? 'VACUUM' : `PRAGMA incremental_vacuum(${1 + dice.roll(20)})`);
    return;
  }
  db.exec('BEGIN');
  for (let steps = 1 + dice.roll(4); steps > 0; steps--)
    takeStep(db, dice, tables[dice.roll(tables.length)] as LivingTable);
  db.exec(dice.isLucky(10) ? 'ROLLBACK' : 'COMMIT');
}

function takeStep(db: Database, dice: Dice, table: LivingTable): void {
  const { name, shape, columns } = table;
  const id = shape === 'hidden' ? 'rowid' : 'id';
  const some = `abs(${id} % ${1 + dice.roll(9)}) = 0`;
  const column = columns[dice.roll(columns.length)] as string;
  switch (dice.roll(12)) {
    case 0:
      db.exec(`DELETE FROM ${name} WHERE ${some}`);
      break;
    case 1:
      // The rowids of deleted rows at the end are given again.
      db.exec(`DELETE FROM ${name} WHERE ${id} > (SELECT max(${id}) - ${dice.roll(9)} FROM ${name})`);
      break;
    case 2:
    case 3:
      db.prepare(`UPDATE ${name} SET ${column} = ? WHERE ${some}`).run(rollValue(dice));
      break;
    case 4:
      // Long values that shrink and grow: freed overflow pages are used again.
      db.prepare(`UPDATE OR IGNORE ${name} SET ${column} = ? WHERE ${id} = ?`).run(rollLong(dice), 1 + dice.roll(40));
      break;
    case 5:
      swapLong(db, dice, table, column);
      break;
    case 6:
      // A key moves to where nobody is.
      db.exec(`UPDATE OR IGNORE ${name} SET ${id} = ${id} + ${dice.pick([1, 1000, -500])} WHERE ${some}`);
      break;
    case 7:
      if (dice.isLucky(6)) db.exec(`DELETE FROM ${name}`);
      break;
    default:
      insert(db, dice, table);
  }
}

/** Same length, other content, by way of freed pages: the leaf may stay as it is while its overflow pages change. */
function swapLong(db: Database, dice: Dice, { name, shape }: LivingTable, column: string): void {
  const id = shape === 'hidden' ? 'rowid' : 'id';
  const row = 1 + dice.roll(20);
  const length = 600 + dice.roll(3000);
  const set = db.prepare(`UPDATE ${name} SET ${column} = ? WHERE ${id} = ?`);
  set.run(Buffer.alloc(length, dice.roll(256)), row);
  if (dice.isLucky(2)) set.run(null, row);
  set.run(Buffer.alloc(length, dice.roll(256)), row);
}

function insert(db: Database, dice: Dice, { name, columns, shape }: LivingTable): void {
  const names = shape === 'key' ? ['k', 'id', ...columns] : columns;
  const statement = db.prepare(
    `INSERT OR REPLACE INTO ${name} (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})`,
  );
  for (let rows = 1 + dice.roll(60); rows > 0; rows--) {
    const values = columns.map(() => rollValue(dice));
    const key = shape === 'key' ? [dice.pick(['a', 'A', 'b', `k${dice.roll(99)}`]), dice.roll(60)] : [];
    statement.run(...key, ...values);
  }
}

function rollLong(dice: Dice): Buffer | string {
  const length = dice.roll(dice.isLucky(4) ? 20_000 : 2500);
  return dice.isLucky(2)
    ? Buffer.alloc(length, dice.roll(256))
    : String.fromCharCode(97 + dice.roll(26)).repeat(length);
}

function rollValue(dice: Dice): number | bigint | string | Buffer | null {
  switch (dice.roll(11)) {
    case 0:
      return null;
    case 1:
      return dice.pick([0, -0, 1.5, -2, 1e300]);
    case 2:
      return BigInt(dice.roll(100_000));
    case 3:
      return -9_007_199_254_740_993n - BigInt(dice.roll(9));
    case 4:
      return Buffer.from([dice.roll(256), 0]);
    case 5:
      return rollLong(dice);
    case 6:
      return 1;
    default:
      return `text ${dice.roll(1000)}`;
  }
}
