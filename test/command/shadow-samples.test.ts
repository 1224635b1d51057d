import assert from 'node:assert/strict';
import { test } from 'node:test';
import { takeSamples } from '../../src/commands/acceptance/shadow-samples.js';
import type { Kind } from '../../src/model/kind.js';
import type { ShadowColumn, ShadowTable } from '../../src/shadow/read.js';
import { makeSqlite, withFolder } from '../support/folder.js';

const order = { sql: { source: 't', target: 't' }, wrap: null };

function column(source: string, tag: 'int8' | 'bool' | 'text' | 'bytea', isOrdered = true): ShadowColumn {
  const kind: Kind = tag === 'text' ? { tag, maxChars: null } : { tag };
  return { source, target: source, kind, order: isOrdered ? order : null };
}

function table(rows: number, columns: readonly ShadowColumn[], key: readonly ShadowColumn[]): ShadowTable {
  return { source: 't', targetSchema: 'public', target: 't', rows, columns, key, indexes: [], foreignKeys: [] };
}

const id = column('id', 'int8');

async function samplesOf(sql: string, shadow: ShadowTable) {
  return await withFolder(async (folder) => {
    const samples = await takeSamples(makeSqlite(folder, sql), [shadow]);
    return { row: samples.rowOf('t'), group: samples.groupedBy('t')?.source ?? null };
  });
}

const numbers = (count: number) =>
  `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})`;

test('a row from the middle gives the values, one with few NULLs before others', async () => {
  const parent = column('parent', 'int8');
  const shadow: ShadowTable = {
    ...table(10, [id, parent], [id]),
    foreignKeys: [{ pairs: [[parent, id]] } as unknown as ShadowTable['foreignKeys'][number]],
  };
  const sql = `CREATE TABLE t (id INTEGER PRIMARY KEY, parent INT);
    ${numbers(10)} INSERT INTO t SELECT i, CASE WHEN i IN (2, 9) THEN i * 10 END FROM n;`;
  const { row } = await samplesOf(sql, shadow);
  assert.deepEqual(
    [...row],
    [
      ['id', 9n],
      ['parent', 90n],
    ],
  );
});

test('a table without rows, or without key and references, gives no values', async () => {
  const empty = await samplesOf('CREATE TABLE t (id INTEGER PRIMARY KEY)', table(0, [id], [id]));
  assert.deepEqual([...empty.row], [['id', null]]);
  const keyless = await samplesOf('CREATE TABLE t (id INT); INSERT INTO t VALUES (1)', table(1, [id], []));
  assert.deepEqual([...keyless.row], []);
});

test('rows are grouped by a boolean before a text, and by nothing that has one value, too many, or no order', async () => {
  const columns = [id, column('name', 'text'), column('ok', 'bool'), column('same', 'text'), column('raw', 'bytea')];
  const create = 'CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, ok INT, same TEXT, raw BLOB)';
  const fill = (name: string, ok: string) =>
    `${create}; ${numbers(100)} INSERT INTO t SELECT i, ${name}, ${ok}, 'x', x'00' FROM n;`;
  const grouped = async (sql: string, chosen = columns) => (await samplesOf(sql, table(100, chosen, [id]))).group;
  assert.equal(await grouped(fill(`'name ' || (i % 3)`, 'i % 2')), 'ok');
  assert.equal(await grouped(fill(`'name ' || (i % 3)`, '1')), 'name');
  assert.equal(await grouped(fill(`'name ' || (i % 20)`, '1')), 'name');
  assert.equal(await grouped(fill(`'name ' || (i % 21)`, '1')), null);
  const unordered = columns.map((one) => (one.source === 'ok' ? column('ok', 'bool', false) : one));
  assert.equal(await grouped(fill('i', 'i % 2'), unordered), null);
});
