import type { Database } from '../../../src/source/sqlite.js';

/** Numbers from a seed, so that a failing scenario can be made again. */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** 0 to sides - 1. */
  roll(sides: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % sides;
  }

  pick<T>(from: readonly [T, ...T[]]): T {
    return from[this.roll(from.length)] ?? from[0];
  }

  isLucky(oneIn: number): boolean {
    return this.roll(oneIn) === 0;
  }
}

const types = ['', 'INTEGER', 'INT', 'TEXT', 'VARCHAR(9)', 'BLOB', 'REAL', 'DOUBLE', 'NUMERIC', 'DATETIME'] as const;

const defaults = [
  'NULL',
  '0',
  '1',
  '-7',
  '+3',
  '123456789012',
  '-9223372036854775808',
  '9007199254740993',
  '1.5',
  '-2.0',
  '1e300',
  '9e999',
  "'abc'",
  "''",
  "'12'",
  "'1e3'",
  "'🙂 é'",
  "x''",
  "x'00ff10'",
  'TRUE',
  'FALSE',
  '(7)',
  "(CAST('9' AS INTEGER))",
  'bare',
  '0x1F',
] as const;

/**
 * A database of one table "t" (and a neighbour whose pages lie between) that went through a life: rows of every
 * storage class in every column, columns added, updates, deletes, indexes, vacuum.
 */
export function liveThrough(db: Database, dice: Dice): void {
  const columns = createTables(db, dice);
  for (let steps = 3 + dice.roll(8); steps > 0; steps--) takeStep(db, dice, columns);
}

/** Gives back the names that can be written. */
function createTables(db: Database, dice: Dice): string[] {
  const names: string[] = [];
  const parts: string[] = [];
  const count = 1 + dice.roll(6);
  const alias = dice.isLucky(2) ? dice.roll(count) : -1;
  for (let i = 0; i < count; i++) {
    const fallback = dice.isLucky(4) ? ` DEFAULT ${dice.pick(defaults)}` : '';
    if (i !== alias) names.push(`c${i}`);
    parts.push(i === alias ? `c${i} INTEGER PRIMARY KEY` : `c${i} ${dice.pick(types)}${fallback}`);
    if (dice.isLucky(6)) parts.push(`g${i} ${dice.pick(types)} AS (c${i}) ${dice.pick(['STORED', 'VIRTUAL'])}`);
  }
  db.exec(`CREATE TABLE t(${parts.join(', ')}); CREATE TABLE neighbour(a, b)`);
  return names;
}

function takeStep(db: Database, dice: Dice, columns: string[]): void {
  const [first] = columns;
  const step = dice.roll(9);
  if (step === 0) addColumn(db, dice, columns);
  else if (step === 1) db.exec(`DELETE FROM t WHERE abs(_rowid_ % ${2 + dice.roll(5)}) = 1`);
  else if (step === 2) updateRows(db, dice, columns);
  else if (step === 3 && dice.isLucky(3)) db.exec('VACUUM');
  else if (step === 4 && first !== undefined) db.exec(`CREATE INDEX IF NOT EXISTS i ON t(${first})`);
  else insertRows(db, dice, columns);
}

function addColumn(db: Database, dice: Dice, columns: string[]): void {
  const name = `a${columns.length}`;
  const virtual = dice.isLucky(5);
  if (virtual && columns[0] !== undefined) {
    db.exec(`ALTER TABLE t ADD COLUMN v${db.pragma('schema_version', { simple: true })} AS (${columns[0]}) VIRTUAL`);
    return;
  }
  const fallback = dice.isLucky(4) ? '' : ` DEFAULT ${dice.pick(defaults)}`;
  db.exec(`ALTER TABLE t ADD COLUMN ${name} ${dice.pick(types)}${fallback}`);
  columns.push(name);
}

function updateRows(db: Database, dice: Dice, columns: readonly string[]): void {
  const column = columns[dice.roll(Math.max(1, columns.length))];
  if (column === undefined) return;
  const update = db.prepare(`UPDATE t SET ${column} = ? WHERE abs(_rowid_ % 7) = ?`);
  for (let i = 0; i < 3; i++) update.run(rollValue(dice), i);
}

function insertRows(db: Database, dice: Dice, columns: readonly string[]): void {
  const names = ['_rowid_', ...columns];
  const insert = db.prepare(
    `INSERT OR REPLACE INTO t(${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})`,
  );
  const neighbour = db.prepare('INSERT INTO neighbour VALUES (?, ?)');
  const spread = dice.roll(4);
  const small = dice.isLucky(2);
  db.transaction(() => {
    for (let rows = dice.roll(small ? 300 : 40); rows > 0; rows--) {
      insert.run(rollRowid(dice, spread), ...columns.map(() => (small ? rollSmall(dice) : rollValue(dice))));
      if (dice.isLucky(5)) neighbour.run(rows, rollValue(dice));
    }
  })();
}

function rollRowid(dice: Dice, spread: number): bigint | null {
  if (spread === 0) return null;
  if (spread === 1) return BigInt(dice.roll(100_000));
  return rollInteger(dice);
}

/** Integers around every border of the six widths. */
function rollInteger(dice: Dice): bigint {
  const border = 1n << BigInt(dice.pick([0, 1, 7, 8, 15, 16, 23, 24, 31, 32, 35, 47, 48, 53, 56, 62, 63] as const));
  const near = border + BigInt(dice.roll(5) - 2);
  return BigInt.asIntN(64, dice.isLucky(2) ? near : -near);
}

function rollSmall(dice: Dice): unknown {
  return dice.pick([null, 0, 1, dice.roll(1e6), `text ${dice.roll(1000)}`, '', dice.roll(1e6) / 8] as const);
}

function rollValue(dice: Dice): unknown {
  switch (dice.roll(7)) {
    case 0:
      return null;
    case 1:
      return rollInteger(dice);
    case 2:
      return dice.pick([0, -0, 1.5, 1e15, 1e300, -5e-324, Infinity, -Infinity, 2 ** 53, -(2 ** 63), 2 ** 31] as const);
    case 3:
      return Number(rollInteger(dice)) + dice.pick([0, 0.5] as const);
    case 4:
      return 'é🙂x'.repeat(rollLength(dice) / 4);
    case 5:
      return dice.pick(['12', ' 7 ', '1e3', '0x10', '-0', '9007199254740993', '1.0', 'x\0y', 'ab'] as const);
    default:
      return Buffer.alloc(rollLength(dice), dice.roll(256));
  }
}

/** Mostly short, sometimes around the places where a payload begins to spill, sometimes many pages long. */
function rollLength(dice: Dice): number {
  if (!dice.isLucky(3)) return dice.roll(40);
  return (
    dice.pick([60, 127, 128, 430, 480, 500, 970, 1020, 4050, 4090, 8180, 16384, 65500, 70000] as const) + dice.roll(40)
  );
}
