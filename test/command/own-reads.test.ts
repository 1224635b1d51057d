import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { sampleOwnReads } from '../../src/commands/acceptance/own-reads.js';
import type { ColumnPlan, TablePlan } from '../../src/model/plan.js';
import { Database } from '../../src/source/sqlite.js';
import { withFolder } from '../support/folder.js';

test('a read takes its value from the table that SQLite means, not from one that differs beyond ASCII', () =>
  withFolder(async (folder) => {
    const path = join(folder, 'source.db');
    const db = new Database(path);
    db.exec(`CREATE TABLE "É" (k INT); CREATE TABLE "é" ("\u212a" INT, k INT);
             INSERT INTO "É" VALUES (1); INSERT INTO "é" VALUES (2, 3)`);
    db.close();
    const tables = [tableOf('É', ['k']), tableOf('é', ['\u212a', 'k'])];
    const wanted = { table: 'é', column: 'K' };
    const [read] = await sampleOwnReads(path, tables, [{ name: 'one', sql: 'SELECT ?', params: [wanted] }]);
    assert.deepEqual(read?.plain.source.values, [3n]);
  }));

function tableOf(source: string, columns: readonly string[]): TablePlan {
  const column = (name: string): ColumnPlan => ({
    source: name,
    target: name,
    declaredType: 'INT',
    affinity: 'integer',
    targetType: 'bigint',
    kind: { tag: 'int8' },
    reason: '',
    isTextual: false,
  });
  return {
    source,
    targetSchema: 'public',
    target: source,
    columns: columns.map(column),
    key: { origin: 'none', columns: [] },
    layer: 0,
    rows: 1,
    estimatedBytes: 0,
    rootPage: 2,
    isWithoutRowid: false,
    rowidName: 'rowid',
    rowidAlias: null,
    sourceKey: [],
    reader: 'rows',
    readerReason: '',
    format: 'binary',
    formatReason: '',
    chunks: [],
  };
}
