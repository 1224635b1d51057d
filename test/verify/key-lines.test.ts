import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { hashLines, KeyHash } from '../../src/accept/key-hash.js';
import { keysetOf, keysetSql } from '../../src/accept/keyset-sql.js';
import { hashKeyset } from '../../src/commands/acceptance/keysets.js';
import type { TablePlan } from '../../src/model/plan.js';
import { type CellBatch, Storage } from '../../src/model/value.js';
import type { Threads } from '../../src/pool/threads.js';
import type { HashedTable } from '../../src/run/compare/compare-table.js';
import { readLines } from '../../src/source/verify/lines.js';
import { readSourceCells } from '../../src/source/verify/verify-rows.js';
import { Database } from '../../src/source/sqlite.js';
import type { ComparedSide } from '../../src/verify/canonical-cell.js';
import { hashSide } from '../../src/verify/table.js';
import { runCount } from '../support/run-count.js';
import { columnOf, tableOf } from './sides.js';

const columns = [
  { ...columnOf('v', 'text'), affinity: 'text' as const },
  { ...columnOf('n', 'int8'), affinity: 'integer' as const },
  { ...columnOf('s', 'text'), affinity: 'text' as const },
];

const numbers = fc.oneof(
  fc.bigInt({ min: -12n, max: 12n }),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.constantFrom(99n, 100n, -99n, -100n),
);
const texts = fc.oneof(
  fc
    .array(fc.constantFrom(...'ab\b\t\n\v\f\r\\N', '\u007f', 'é', '🚀', '\uffff'), { maxLength: 3 })
    .map((all) => all.join('')),
  fc.string({ unit: 'grapheme', maxLength: 8 }).filter((text) => !text.includes('\0')),
);

/** Hands each batch on as two, so that a key is compared with that of another batch; all of the target comes as text. */
function* halves(batches: Iterable<CellBatch>, side: ComparedSide): Generator<CellBatch> {
  for (const batch of batches) {
    const cut = (batch.rowCount >> 1) * batch.columnCount;
    const part = (from: number, to: number): CellBatch => ({
      ...batch,
      rowCount: (to - from) / batch.columnCount,
      start: batch.start.slice(from, to),
      end: batch.end.slice(from, to),
      storage: batch.storage.slice(from, to).map((storage) => (side === 'target' ? Storage.Text : storage)),
      number: batch.number.slice(from, to),
    });
    yield part(0, cut);
    yield part(cut, batch.rowCount * batch.columnCount);
  }
}

test('keys that come in their order are hashed as the statement of the audit prints them, and others not at all', async () => {
  const db = new Database(':memory:');
  db.exec('CREATE TABLE unsorted(v TEXT, n INTEGER, s TEXT); CREATE TABLE t(v TEXT, n INTEGER, s TEXT)');
  const insert = db.prepare<[bigint, string]>("INSERT INTO unsorted VALUES ('v', ?, ?)");
  const rows = fc.array(fc.tuple(numbers, texts), { maxLength: 12 });
  const keys = fc.constantFrom([1], [2], [1, 2], [2, 1]);
  const cases = fc.asyncProperty(rows, keys, fc.boolean(), async (values, key, isSorted) => {
    db.exec('DELETE FROM unsorted; DELETE FROM t');
    for (const value of values) insert.run(...value);
    const names = key.map((index) => columns[index]?.source).join();
    db.exec(`INSERT INTO t SELECT v, n, s FROM unsorted ORDER BY ${isSorted ? names : 'rowid'}`);
    const table = { ...tableOf(columns), rowidName: 'rowid', key: { origin: 'primary' as const, columns: key } };
    const sql = keysetSql(keysetOf(table), table)?.source ?? '';
    const inOrder = [...readLines(db, sql)];
    const stored = [...readLines(db, sql.replace(/\) ORDER BY [^)]*$/, ' ORDER BY t.rowid)'))];
    for (const side of ['source', 'target'] as const) {
      const hash = new KeyHash();
      await hashSide(halves(readSourceCells(db, table), side), table, { side, bucketCount: 2, keyLines: hash });
      const isWhole = stored.every((line, i) => line === inOrder[i]);
      assert.deepEqual(hash.result, isWhole ? hashLines(inOrder) : null);
    }
  });
  await fc.assert(cases, { numRuns: runCount({ usual: 300, full: 20_000 }) });
  db.close();
});

test('a value that no line stands for ends the lines, and so does a key that is too long to be kept', async () => {
  const db = new Database(':memory:');
  const table = { ...tableOf(columns), rowidName: 'rowid', key: { origin: 'primary' as const, columns: [1, 2] } };
  const hashed = async (rows: string) => {
    db.exec(`DROP TABLE IF EXISTS t; CREATE TABLE t(v TEXT, n INTEGER, s TEXT); INSERT INTO t VALUES ${rows}`);
    const hash = new KeyHash();
    await hashSide(readSourceCells(db, table), table, { side: 'source', bucketCount: 2, keyLines: hash });
    return hash.result;
  };
  assert.deepEqual(await hashed("(NULL, 1, 'a'), (NULL, 1, 'a')"), hashLines(['1\ta', '1\ta']));
  const refused = ['1, NULL', "NULL, 'a'", "1.5, 'a'", "'x', 'a'", "1, x'61'", "1, 'a' || char(0)"];
  for (const key of [...refused, "1, printf('%70000d', 1)", "1, printf('%2000000d', 1)"]) {
    assert.equal(await hashed(`('v', 0, ''), ('v', ${key}), ('v', 2, 'b')`), null, key);
  }
  db.close();
});

test('a side whose keys were hashed while it was compared is not read again', async () => {
  const table = { ...tableOf([...columns].reverse()), rowidName: 'rowid' } as unknown as TablePlan;
  const ran: string[] = [];
  const threads: Threads = {
    run: async (_, job) => {
      const { tag } = job as { readonly tag: string };
      ran.push(tag);
      return (tag === 'doubts' ? [false] : { rows: 3, sha256: 'read' }) as never;
    },
  };
  const request = {
    threads,
    snapshotPath: '',
    encoding: 'UTF-8',
    quarantines: new Map(),
    meter: new SharedArrayBuffer(8),
  } as const;
  const known = { rows: 3, sha256: 'known' };
  const hash = async (keys: HashedTable['keys'], of = table) => {
    ran.length = 0;
    const report = { quarantinedRows: 0 } as HashedTable['report'];
    const { sha256 } = await hashKeyset(of, { report, differences: [], totals: [], findings: [], keys }, request);
    return [ran.filter((tag) => tag !== 'doubts').join(), sha256.source, sha256.target];
  };
  assert.deepEqual(await hash({ source: known, target: known }), ['', 'known', 'known']);
  assert.deepEqual(await hash({ source: known, target: null }), ['target', 'known', 'read']);
  assert.deepEqual(await hash({ source: null, target: known }), ['source', 'read', 'known']);
  // What the statements leave out stands in the lines of the comparison.
  const wide = {
    ...table,
    columns: [...table.columns, columnOf('f', 'float8')],
    key: { origin: 'primary', columns: [0, 3] },
  };
  assert.deepEqual(await hash({ source: known, target: known }, wide as TablePlan), ['source,target', 'read', 'read']);
});
