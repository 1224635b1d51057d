import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Database } from '../../src/source/sqlite.js';
import type pg from 'pg';

/*
 * Parents of which some cannot arrive, and children of every kind: some must go with them, some lose their reference, some
 * stay; with orphans, a chain within one table, a cycle of two, and rows that only PostgreSQL holds for equal.
 */

const parents = 5000;

const sourceSql = `
  PRAGMA foreign_keys = OFF;
  CREATE TABLE parent (id INTEGER PRIMARY KEY, a TEXT);
  CREATE TABLE child (id INTEGER PRIMARY KEY, parent INTEGER NOT NULL REFERENCES parent (id), t TEXT);
  CREATE TABLE grandchild (id INTEGER PRIMARY KEY, child INTEGER REFERENCES child (id));
  CREATE TABLE loose (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES parent (id), x TEXT);
  CREATE TABLE left (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES parent (id));
  CREATE TABLE chain (id INTEGER PRIMARY KEY, up INTEGER REFERENCES chain (id), a TEXT);
  CREATE TABLE ring (id INTEGER PRIMARY KEY, other INTEGER REFERENCES gnir (id), a TEXT);
  CREATE TABLE gnir (id INTEGER PRIMARY KEY, other INTEGER REFERENCES ring (id));
  CREATE TABLE word (id INTEGER PRIMARY KEY, w TEXT);
  WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${parents})
    INSERT INTO parent SELECT i, 'parent ' || i FROM n;
  INSERT INTO child SELECT id, id, 't' FROM parent;
  INSERT INTO grandchild SELECT id, nullif(id % 5, 0) * 500 FROM parent;
  INSERT INTO loose SELECT id, id, 'n' FROM parent;
  INSERT INTO left SELECT id, id FROM parent;
  INSERT INTO chain SELECT id, nullif(id / 2, 0), 'ok' FROM parent;
  INSERT INTO gnir SELECT id, CASE WHEN id > 1 THEN id - 1 END FROM parent WHERE id <= 10;
  INSERT INTO ring SELECT id, id, 'ok' FROM parent WHERE id <= 10;
  INSERT INTO word SELECT id, 'W' || id FROM parent;
  UPDATE parent SET a = CAST(x'ff' AS TEXT) WHERE id % 500 = 0;
  UPDATE chain SET a = CAST(x'ff' AS TEXT) WHERE id = 17;
  UPDATE ring SET a = CAST(x'ff' AS TEXT) WHERE id = 4;
  UPDATE child SET parent = 99999 WHERE id = 5;
  UPDATE loose SET parent = 77777 WHERE id IN (3, 4);
  UPDATE loose SET x = 'a' || char(0) WHERE id IN (4, 6);
  UPDATE left SET parent = 88888 WHERE id = 1;
  UPDATE word SET w = 'w1' WHERE id = 500;`;

const targetSql = `
  CREATE TABLE parent (id int PRIMARY KEY, a text);
  CREATE TABLE child (id int PRIMARY KEY, parent int NOT NULL REFERENCES parent, t text);
  CREATE TABLE grandchild (id int PRIMARY KEY, child int REFERENCES child);
  CREATE TABLE loose (id int PRIMARY KEY, parent int REFERENCES parent, x text);
  CREATE TABLE "left" (id int PRIMARY KEY, parent int REFERENCES parent);
  CREATE TABLE chain (id int PRIMARY KEY, up int REFERENCES chain, a text);
  CREATE TABLE ring (id int PRIMARY KEY, other int, a text);
  CREATE TABLE gnir (id int PRIMARY KEY, other int REFERENCES ring);
  ALTER TABLE ring ADD FOREIGN KEY (other) REFERENCES gnir;
  CREATE COLLATION anycase (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
  CREATE TABLE word (id int PRIMARY KEY, w text COLLATE anycase UNIQUE);`;

const config = {
  policies: { invalid_utf8: 'quarantine', nul_byte: { convert: 'strip' } },
  tableRules: {
    child: { policies: { orphan: 'quarantine' } },
    loose: { policies: { orphan: { convert: 'set-null' } } },
    left: { policies: { orphan: { convert: 'leave-not-valid' } } },
    word: { policies: { duplicate_key: 'quarantine' } },
  },
};

/** Makes both sides and the config file; gives back the arguments of a migration in many chunks. */
export async function makeOrphans(folder: string, url: string, client: pg.Client): Promise<string[]> {
  const path = join(folder, 'app.db');
  const db = new Database(path);
  db.exec(sourceSql);
  db.close();
  await client.query(targetSql);
  writeFileSync(join(folder, 'c.json'), JSON.stringify(config));
  return ['migrate', '--source', path, '--target', url, '--config', 'c.json', '--chunk-bytes', '64k', '--workers', '2'];
}

/** Rows that must be in quarantine, and converted, by table. */
export const quarantinedByTable: Readonly<Record<string, { readonly held: number; readonly converted: number }>> = {
  parent: { held: 10, converted: 0 },
  // Those of the ten parents, and the orphan.
  child: { held: 11, converted: 0 },
  // Of each five rows four refer to child 500, 1000, 1500 or 2000, which are gone.
  grandchild: { held: 4000, converted: 0 },
  // Ten lose their parent, two have none, one of these and another have a NUL.
  loose: { held: 0, converted: 13 },
  left: { held: 0, converted: 0 },
  // 17 and all below it: 17·2^n to 17·2^n + 2^n − 1.
  chain: { held: countBelow(17), converted: 0 },
  // 4, whose loss takes gnir 5 with it, that ring 5, and so on to the end.
  ring: { held: 7, converted: 0 },
  gnir: { held: 6, converted: 0 },
  word: { held: 1, converted: 0 },
};

function countBelow(root: number): number {
  let count = 0;
  for (let first = root, width = 1; first <= parents; first *= 2, width *= 2)
    count += Math.min(parents, first + width - 1) - first + 1;
  return count;
}

/** What the quarantine holds, by table and state, as `keptByTable` has it. */
export async function readQuarantined(client: pg.Client): Promise<Record<string, { held: number; converted: number }>> {
  const { rows } = await client.query<{ table: string; state: 'held' | 'converted'; n: number }>(
    'SELECT table_name AS table, state, count(*)::int AS n FROM pgferry.quarantine GROUP BY 1, 2',
  );
  const kept = Object.fromEntries(Object.keys(quarantinedByTable).map((table) => [table, { held: 0, converted: 0 }]));
  for (const { table, state, n } of rows) {
    const of = kept[table];
    if (of !== undefined) of[state] = n;
  }
  return kept;
}
