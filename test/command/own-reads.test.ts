import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { sampleOwnReads } from '../../src/commands/acceptance/own-reads.js';
import { Database } from '../../src/source/sqlite.js';
import { withFolder } from '../support/folder.js';
import { tablePlan } from '../support/table-plan.js';

test('a read takes its value from the table that SQLite means, not from one that differs beyond ASCII', () =>
  withFolder(async (folder) => {
    const path = join(folder, 'source.db');
    const db = new Database(path);
    db.exec(`CREATE TABLE "É" (k INT); CREATE TABLE "é" ("\u212a" INT, k INT);
             INSERT INTO "É" VALUES (1); INSERT INTO "é" VALUES (2, 3)`);
    db.close();
    const tables = [tablePlan('É', ['k']), tablePlan('é', ['\u212a', 'k'])];
    const wanted = { table: 'é', column: 'K' };
    const [read] = await sampleOwnReads(path, tables, [{ name: 'one', sql: 'SELECT ?', params: [wanted] }]);
    assert.deepEqual(read?.plain.source.values, [3n]);
  }));
