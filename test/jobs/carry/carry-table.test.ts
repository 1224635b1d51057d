import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TableCarrier } from '../../../src/jobs/carry/carry-table.js';
import { ColumnCells } from '../../../src/jobs/carry/column-cells.js';
import type { TablePlan } from '../../../src/model/plan.js';
import type { SourceTable } from '../../../src/model/source.js';
import { CarriedTableWriter } from '../../../src/source/carry/table-writer.js';
import { Database } from '../../../src/source/sqlite.js';

test('what SQLite computes is written by nobody, and is named where PostgreSQL stores something else', () => {
  const db = new Database(':memory:');
  db.exec(`CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER, twice INTEGER AS (n * 2));
    INSERT INTO t VALUES (1, 10), (2, 20), (3, 30);`);
  const names = ['id', 'n', 'twice'];
  const source = {
    name: 't',
    columns: names.map((name) => ({ name, generated: name === 'twice' ? 'virtual' : 'no' })),
    ...{ rowidAlias: 'id', rowidName: 'id', isWithoutRowid: false, primaryKey: ['id'] },
  } as unknown as SourceTable;
  const columns = names.map((name) => ({ source: name, target: name, kind: { tag: 'int8' }, isTextual: false }));
  const table = { source: 't', target: 't', columns, key: { columns: [0] }, rowidName: 'id', isWithoutRowid: false };
  const plan = table as unknown as TablePlan;
  const cells = new ColumnCells(db, plan, { looksFar: true, likes: {}, empty: [] });
  const carrier = new TableCarrier(plan, source, new CarriedTableWriter(db, source), cells);
  carrier.carry([
    { tag: 'updated', address: [1n], printed: ['1', '11', '22'], columns: [1, 2] },
    { tag: 'updated', address: [2n], printed: ['2', '21', '40'], columns: [1] },
    { tag: 'updated', address: [3n], printed: ['3', '30', '0'], columns: [2] },
    { tag: 'inserted', printed: ['4', '40', '80'] },
    { tag: 'inserted', printed: ['5', '50', null] },
  ]);
  carrier.finish();
  assert.deepEqual(
    carrier.uncarried.map(({ key, column, reason }) => `${column} at ${key}: ${reason}`),
    [
      'twice at id=2: SQLite computes it as 42, where PostgreSQL has 40',
      'twice at id=3: SQLite computes it, and not as 0',
      'twice at id=5: SQLite computes it as 100, where PostgreSQL has NULL',
    ],
  );
  db.close();
});
