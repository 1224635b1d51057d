import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Survey, readCatalog, surveySource } from '../../../src/run/survey/survey.js';
import { fromWire } from '../../../src/model/error.js';
import type { TableCensus } from '../../../src/model/census.js';
import type { JobAnswer } from '../../../src/model/wire.js';
import type { Threads } from '../../../src/pool/threads.js';
import { takeCensus } from '../../../src/source/census/census.js';
import { withSource } from '../../../src/source/open.js';
import type { CensusJob, Count } from '../../../src/jobs/census-job.js';
import census from '../../../workers/census.js';
import { makeSqlite, withFolder } from '../../support/folder.js';

const series = (count: number) => `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})`;

const sql = `
  CREATE TABLE plain(id INTEGER PRIMARY KEY, a TEXT, b REAL);
  ${series(5000)} INSERT INTO plain SELECT i * 7, 'text ' || i, i / 3.0 FROM n;
  CREATE TABLE keyed(k TEXT PRIMARY KEY, a) WITHOUT ROWID;
  ${series(5000)} INSERT INTO keyed SELECT printf('key %05d', i), i FROM n;
  CREATE TABLE computed(a, b AS (a * 2) VIRTUAL);
  ${series(10)} INSERT INTO computed SELECT i FROM n;
  CREATE TABLE empty(a)`;

interface Job {
  readonly table: string;
  readonly tag: Count['tag'];
}

/** Runs census jobs on this thread, as a thread runs them; `change` may alter what one answers. */
function fakeThreads(jobs: Job[], change: (job: Job, answer: TableCensus) => TableCensus = (_, answer) => answer) {
  const run = async (_: string, job: CensusJob): Promise<readonly JobAnswer<TableCensus>[]> => {
    const begun = job.counts.map(({ table, count }) => ({ table: table.name, tag: count.tag }));
    jobs.push(...begun);
    const answer = await census(structuredClone(job));
    if (answer.tag === 'failed') throw fromWire(answer.error);
    return answer.result.map((one, at) =>
      one.tag === 'failed' ? one : { ...one, result: change(begun[at] as Job, one.result) },
    );
  };
  return { run } as unknown as Threads;
}

async function surveyFile(
  snapshotPath: string,
  threads: Threads,
  countsPages = true,
  isForProof = false,
  counted: readonly TableCensus[] = [],
) {
  const catalog = await readCatalog(snapshotPath);
  const request = { snapshotPath, catalog, threads, chunkBytes: 65_536, countsPages, isForProof, counted };
  return (await surveySource(request)) satisfies Survey;
}

test('what was counted in the pages of the same bytes is not counted again, but by SQL and where columns differ', async () => {
  await withFolder(async (folder) => {
    const path = makeSqlite(folder, sql);
    const first = await surveyFile(path, fakeThreads([]));
    const jobs: Job[] = [];
    const again = await surveyFile(path, fakeThreads(jobs), true, true, first.census);
    assert.deepEqual(again.census, first.census);
    assert.deepEqual(again.chunks, first.chunks);
    const counted = (of: readonly Job[]) => [...new Set(of.map(({ table, tag }) => `${table} ${tag}`))].sort();
    assert.deepEqual(counted(jobs), ['computed columns', 'keyed columns']);

    await again.countTimes((table, column) => (table.name === 'plain' && column === 'a' ? 'open' : 'no'));
    assert.deepEqual(
      counted(jobs),
      ['computed columns', 'keyed columns', 'plain columns'],
      'a proof counts times by itself',
    );

    const other = first.census.map((one) => ({ ...one, columns: one.columns.slice(1) }));
    const anew: Job[] = [];
    assert.deepEqual((await surveyFile(path, fakeThreads(anew), true, true, other)).census, first.census);
    assert.ok(counted(anew).includes('plain pages'));
    const bySql: Job[] = [];
    await surveyFile(path, fakeThreads(bySql), false, true, first.census);
    assert.ok(counted(bySql).includes('plain columns'), 'who asks for SQL gets SQL');
  });
});

test('a survey counts what SQL counts, from the pages where there is a layout, and its chunks share the rows out', async () => {
  await withFolder(async (folder) => {
    const path = makeSqlite(folder, sql);
    for (const countsPages of [true, false]) {
      const jobs: Job[] = [];
      const survey = await surveyFile(path, fakeThreads(jobs), countsPages);
      const expected = await withSource(path, (db) => survey.catalog.tables.map((table) => takeCensus(db, table)));
      assert.deepEqual(survey.census, expected);
      for (const { table, rows } of expected) {
        const chunks = survey.chunks.get(table) ?? [];
        assert.equal(chunks.length > 1, rows === 5000, table);
        assert.equal(
          chunks.reduce((sum, { estimatedRows }) => sum + estimatedRows, 0),
          rows,
        );
      }
      const bySql = jobs.filter(({ tag }) => tag === 'columns').map(({ table }) => table);
      assert.deepEqual(bySql.sort(), countsPages ? ['computed', 'keyed'] : ['computed', 'empty', 'keyed', 'plain']);
    }
  });
});

test('a census that SQLite, counting rows, does not bear out ends the survey', async () => {
  await withFolder(async (folder) => {
    const path = makeSqlite(folder, sql);
    const threads = fakeThreads([], ({ table, tag }, answer) =>
      table === 'plain' && tag === 'pages' ? { ...answer, rows: answer.rows - 1 } : answer,
    );
    await assert.rejects(surveyFile(path, threads), {
      code: 'data.row_count',
      table: 'plain',
      message: /"plain": its pages hold 4999 rows, SQLite counts 5000/,
    });
  });
});

test('for a proof a column of times is counted by SQL, whatever the pages say of it', async () => {
  await withFolder(async (folder) => {
    const path = makeSqlite(
      folder,
      `CREATE TABLE t(id INTEGER PRIMARY KEY, at DATETIME, n INTEGER);
       ${series(500)} INSERT INTO t SELECT i, 1700000000000 + i, i FROM n`,
    );
    const inSeconds = { integerMin: '1700000000', integerMax: '1700000001' };
    const threads = fakeThreads([], ({ tag }, answer) =>
      tag !== 'pages' ? answer : { ...answer, columns: answer.columns.map((one) => ({ ...one, ...inSeconds })) },
    );
    for (const isForProof of [true, false]) {
      const survey = await surveyFile(path, threads, true, isForProof);
      const [table] = await survey.countTimes((_, column) => (column === 'at' ? 'open' : 'no'));
      const found = Object.fromEntries((table?.columns ?? []).map((one) => [one.column, one.integerMin]));
      const misled = { id: '1700000000', at: '1700000000', n: '1700000000' };
      assert.deepEqual(found, isForProof ? { ...misled, at: '1700000000001' } : misled);
    }
  });
});
