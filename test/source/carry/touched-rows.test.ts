import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import type { SqliteValue } from '../../../src/model/value.js';
import { CarriedCopy } from '../../../src/source/carry/carried-copy.js';
import { foreignKeysOf } from '../../../src/source/carry/foreign-keys.js';
import { addressOf } from '../../../src/source/carry/row-address.js';
import { readSourceCatalog } from '../../../src/source/catalog/catalog.js';
import { Database } from '../../../src/source/sqlite.js';
import { withFolder } from '../../support/folder.js';

/* What a check of the touched rows finds is held to what SQLite finds in all rows. */

const schema = `
  CREATE TABLE p (id INTEGER PRIMARY KEY, name TEXT COLLATE NOCASE UNIQUE, a TEXT, b INTEGER, UNIQUE (b, a));
  CREATE TABLE by_id (id INTEGER PRIMARY KEY, p INTEGER REFERENCES p);
  CREATE INDEX by_id_p ON by_id (p);
  CREATE TABLE by_text (id INTEGER PRIMARY KEY, p TEXT REFERENCES P (ID));
  CREATE TABLE by_name (k TEXT PRIMARY KEY, p TEXT REFERENCES p (NAME)) WITHOUT ROWID;
  CREATE TABLE by_pair (id INTEGER PRIMARY KEY, a TEXT, b INTEGER, FOREIGN KEY (a, b) REFERENCES p (a, b));
  CREATE TABLE by_number (id INTEGER PRIMARY KEY, p INTEGER REFERENCES p (name));
  CREATE TABLE tree (id INTEGER PRIMARY KEY, up INTEGER REFERENCES tree);`;

const names = ['p', 'by_id', 'by_text', 'by_name', 'by_pair', 'by_number', 'tree'] as const;

function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % below;
  };
}

/** Cells of a row for a table, in the order of its columns but for the first. */
function cellsFor(table: (typeof names)[number], draw: (below: number) => number): SqliteValue[] {
  const id = () => (draw(5) === 0 ? null : BigInt(draw(12)));
  const name = () => (draw(5) === 0 ? null : (['x', 'X', 'y', 'Y', '01', '2'][draw(6)] ?? ''));
  switch (table) {
    case 'p':
      return [name(), name(), id()];
    case 'by_id':
    case 'by_number':
    case 'tree':
      return [id()];
    case 'by_text':
      return [['1', '01', '2', '3.0', 'x', null][draw(6)] ?? null];
    case 'by_name':
      return [name()];
    case 'by_pair':
      return [name(), id()];
  }
}

const keyFor = (table: string, number: number): SqliteValue => (table === 'by_name' ? `k${number}` : BigInt(number));

interface Orphan {
  readonly table: string;
  readonly rowid: number | null;
  readonly parent: string;
  readonly fkid: number;
}

const orphansIn = (db: Database) =>
  (db.pragma('foreign_key_check') as Orphan[]).map(
    ({ table, rowid, parent }) => `${table} ${rowid ?? ''} ${parent.toLowerCase()}`,
  );

for (let seed = 1; seed <= 40; seed += 1) {
  test(`the orphans among touched rows are those that SQLite finds, ${seed}`, async () => {
    await withFolder((folder) => {
      const draw = random(seed * 7919);
      const path = join(folder, 'copy.db');
      const [before, snapshotPath] = [new Database(path), join(folder, 'snapshot.db')];
      before.pragma('foreign_keys = OFF');
      before.exec(schema);
      for (const table of names)
        for (let i = 0; i < 8; i += 1) {
          const cells = [keyFor(table, i), ...cellsFor(table, draw)];
          const slots = cells.map(() => '?').join(', ');
          before.prepare<SqliteValue[]>(`INSERT OR IGNORE INTO ${table} VALUES (${slots})`).run(...cells);
        }
      before.exec(`VACUUM INTO '${snapshotPath}'`);
      const { tables } = readSourceCatalog(before);
      const old = orphansIn(before);
      before.close();
      const keys = foreignKeysOf(tables);
      assert.equal(keys?.length, 6);
      const copy = new CarriedCopy(path, keys);
      const snapshot = new Database(snapshotPath, { readonly: true });
      for (const name of names) {
        const table = tables.find((one) => one.name === name);
        assert.ok(table);
        const writer = copy.table(table);
        const columns = table.columns.map((column) => column.name);
        for (let i = 0; i < 8; i += 1) {
          const there = copy.database
            .prepare<[SqliteValue], unknown>(`SELECT 1 FROM ${name} WHERE ${addressOf(table)[0]} = ?`)
            .get(keyFor(name, i));
          const what = draw(4);
          if (there !== undefined && what === 0) writer.delete([keyFor(name, i)]);
          if (there !== undefined && what === 1)
            writer.update([keyFor(name, i)], columns.slice(1), cellsFor(name, draw), `${i}`);
          if (what === 2) writer.insert(columns, [keyFor(name, 10 + i), ...cellsFor(name, draw)], `${10 + i}`);
        }
        // A row that SQLite does not take is refused by name, and is not there.
        writer.finish();
      }
      const found = copy
        .orphans(snapshot)
        .map(({ table, key, parent }) => `${table} ${key?.replace(/^(rowid|id)=|^k=.*/, '')} ${parent}`);
      const now = orphansIn(copy.database);
      // Rows without a rowid have no name there: only their number can be compared.
      const isNew = (one: string) => !old.includes(one) || one.startsWith('by_name');
      const named = (list: readonly string[]) => list.filter((one) => !one.startsWith('by_name')).sort();
      assert.deepEqual(named(found), named(now.filter(isNew)));
      const nameless = (list: readonly string[]) => list.filter((one) => one.startsWith('by_name')).length;
      assert.ok(nameless(found) <= nameless(now));
      snapshot.close();
      copy.abandon();
    });
  });
}
