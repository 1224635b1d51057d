import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SourceTable } from '../../../src/model/source.js';
import { CarriedTableWriter } from '../../../src/source/carry/table-writer.js';
import { Database } from '../../../src/source/sqlite.js';

for (const conflict of ['ABORT', 'REPLACE', 'IGNORE']) {
  test(`keys that rows exchange are written where the schema says ON CONFLICT ${conflict}, and no other row goes`, () => {
    const db = new Database(':memory:');
    db.exec(`CREATE TABLE t (id INTEGER PRIMARY KEY, u TEXT UNIQUE ON CONFLICT ${conflict});
      INSERT INTO t VALUES (1, 'a'), (2, 'b'), (3, 'c');`);
    const columns = ['id', 'u'].map((name) => ({ name, generated: 'no' }));
    const table = { name: 't', columns, rowidAlias: 'id', rowidName: 'id', isWithoutRowid: false, primaryKey: ['id'] };
    const writer = new CarriedTableWriter(db, table as unknown as SourceTable);
    writer.update([1n], ['u'], ['b'], 'id=1');
    writer.update([2n], ['u'], ['a'], 'id=2');
    writer.insert(['id', 'u'], [4n, 'c'], 'id=4');
    const refused = writer.finish();
    assert.deepEqual(
      refused.map(({ key }) => key),
      ['id=4'],
    );
    assert.deepEqual(db.prepare('SELECT id, u FROM t ORDER BY id').raw().all(), [
      [1, 'b'],
      [2, 'a'],
      [3, 'c'],
    ]);
    db.close();
  });
}
