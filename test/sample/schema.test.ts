import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Database } from '../../src/source/sqlite.js';
import type pg from 'pg';
import { sampleIndexesSql, sampleTablesSql } from '../../prisma/sample-schema.js';
import { withDatabase } from '../support/database.js';

const prismaFolder = new URL('../../../prisma/', import.meta.url);
const postgresSql = readFileSync(new URL('postgres/0001_init.sql', prismaFolder), 'utf8');

async function withBothSides(use: (db: Database, client: pg.Client) => Promise<void>): Promise<void> {
  const db = new Database(':memory:');
  try {
    db.exec(sampleTablesSql + sampleIndexesSql);
    await withDatabase(async (_url, client) => {
      await client.query(postgresSql);
      await use(db, client);
    });
  } finally {
    db.close();
  }
}

/** Rows as sorted JSON lines, so that order and row class do not matter. */
function lines(rows: readonly object[]): string[] {
  return rows.map((row) => JSON.stringify(Object.values(row).map(String))).sort();
}

test('both schemas have the same columns, and the same ones are NOT NULL', async () => {
  await withBothSides(async (db, client) => {
    const sqlite = db
      .prepare<[], object>(
        `SELECT m.name AS "table", c.cid, c.name, c."notnull" FROM sqlite_schema m, pragma_table_info(m.name) c WHERE m.type = 'table'`,
      )
      .all();
    const { rows } = await client.query<object>(
      `SELECT table_name, ordinal_position - 1 AS cid, column_name, CASE is_nullable WHEN 'NO' THEN 1 ELSE 0 END AS notnull
         FROM information_schema.columns WHERE table_schema = 'public'`,
    );
    assert.equal(rows.length, 134);
    assert.deepEqual(lines(rows), lines(sqlite));
  });
});

test('both schemas have the same indexes by name, table and uniqueness', async () => {
  await withBothSides(async (db, client) => {
    const sqlite = db
      .prepare<[], object>(
        `SELECT m.name AS "table", i.name, i."unique" FROM sqlite_schema m, pragma_index_list(m.name) i
          WHERE m.type = 'table' AND i.origin = 'c'`,
      )
      .all();
    const { rows } = await client.query<object>(
      `SELECT x.indrelid::regclass::text AS table, i.relname, x.indisunique::int
         FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
        WHERE i.relnamespace = 'public'::regnamespace AND NOT x.indisprimary`,
    );
    const unquoted = rows.map((row) => Object.values(row).map((value) => String(value).replaceAll('"', '')));
    assert.ok(rows.length > 30);
    assert.deepEqual(lines(unquoted), lines(sqlite));
  });
});

test('both schemas have the same foreign keys with the same actions', async () => {
  await withBothSides(async (db, client) => {
    const sqlite = db
      .prepare<[], object>(
        `SELECT m.name AS child, f."from", f."table" AS parent, f."to", f.on_update, f.on_delete
           FROM sqlite_schema m, pragma_foreign_key_list(m.name) f WHERE m.type = 'table'`,
      )
      .all();
    const { rows } = await client.query<object>(
      `SELECT child.relname, c.attname, parent.relname AS parent, p.attname AS "to",
              CASE confupdtype WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL' END AS on_update,
              CASE confdeltype WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL' END AS on_delete
         FROM pg_constraint f
         JOIN pg_class child ON child.oid = f.conrelid JOIN pg_class parent ON parent.oid = f.confrelid
         JOIN pg_attribute c ON c.attrelid = f.conrelid AND c.attnum = f.conkey[1]
         JOIN pg_attribute p ON p.attrelid = f.confrelid AND p.attnum = f.confkey[1]
        WHERE f.contype = 'f'`,
    );
    assert.equal(rows.length, 15);
    assert.deepEqual(lines(rows), lines(sqlite));
  });
});

test('the two Prisma schemas differ in nothing but their provider and output', () => {
  const models = (file: string): string => {
    const text = readFileSync(new URL(file, prismaFolder), 'utf8');
    return text.slice(text.indexOf('enum '));
  };
  assert.equal(models('schema.postgres.prisma'), models('schema.prisma'));
  assert.match(readFileSync(new URL('schema.prisma', prismaFolder), 'utf8'), /provider = "sqlite"/);
  assert.match(readFileSync(new URL('schema.postgres.prisma', prismaFolder), 'utf8'), /provider = "postgresql"/);
});

test('every model of the Prisma schema is a table of both sides, with its columns', () => {
  const schema = readFileSync(new URL('schema.prisma', prismaFolder), 'utf8');
  const models = [...schema.matchAll(/^model (\w+) \{\n(.*?)^\}/gms)];
  assert.equal(models.length, 14);
  const names = new Set(models.map(([, name]) => name));
  for (const [, name = '', body = ''] of models) {
    const columns = [...body.matchAll(/^ {2}(\w+) +(\w+)/gm)]
      .filter(([, , type]) => !names.has(type))
      .map(([, column]) => column);
    for (const sql of [sampleTablesSql, postgresSql]) {
      const table = sql.slice(sql.indexOf(`CREATE TABLE "${name}" (`)).split('\n);', 1)[0] ?? '';
      assert.deepEqual(
        [...table.matchAll(/^ {4}"(\w+)"/gm)].map(([, column]) => column),
        columns,
        name,
      );
    }
  }
});
