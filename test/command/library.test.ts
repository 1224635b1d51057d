import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type pg from 'pg';
import {
  census,
  CopierError,
  copy,
  cutover,
  init,
  migrate,
  type Plan,
  plan,
  quarantine,
  type RunEvent,
  type MigrateOptions,
  type RunResult,
  status,
  verify,
} from '../../src/pgferry.js';
import { comparing } from '../support/comparing.js';
import { withDatabase } from '../support/database.js';
import { makeSqlite, withFolder } from '../support/folder.js';
import { listObjects } from '../support/refusal.js';

const rowCount = 40_000;
const rowsSql = `
  CREATE TABLE one (id INTEGER PRIMARY KEY, name TEXT);
  CREATE TABLE two (id INTEGER PRIMARY KEY, one_id INTEGER REFERENCES one (id));
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${rowCount})
  INSERT INTO one SELECT i, printf('%.40c', 'x') FROM n;
  INSERT INTO two SELECT id, id FROM one WHERE id <= 100;`;

type Sides = Pick<MigrateOptions, 'targetUrl' | 'fromSource'> & {
  readonly sourcePath: string;
  readonly backupFolder: string;
  readonly signal?: AbortSignal;
};

async function withSides(use: (sides: Sides, client: pg.Client, folder: string) => Promise<void>): Promise<void> {
  await withFolder((folder) =>
    withDatabase(async (targetUrl, client) => {
      const sourcePath = makeSqlite(folder, rowsSql);
      await use({ sourcePath, targetUrl, backupFolder: join(folder, 'runs'), fromSource: true }, client, folder);
    }),
  );
}

function isInterruption(error: unknown): boolean {
  assert.ok(error instanceof CopierError, String(error));
  assert.match(error.code, /^interrupted\./);
  assert.equal(error.exitCode, 130);
  assert.notEqual(error.hint, '');
  return true;
}

test('plan, migrate and verify do what the commands do, and tell what happens on the way', async () => {
  await withSides(async (sides, client) => {
    const planned: Plan = await plan(sides);
    assert.deepEqual(planned.layers, [['one'], ['two']]);
    assert.deepEqual(await listObjects(client), ['public']);

    const events: RunEvent[] = [];
    let hasBegun = false;
    const onEvent = (event: RunEvent) => {
      events.push(event);
      const look = () => {
        hasBegun = events.at(-1)?.tag === 'progress';
      };
      if (event.tag === 'phase-begin' && event.name === 'copy') setImmediate(look);
    };
    const migrated: RunResult = await migrate({ ...sides, onEvent });
    assert.equal(migrated.ok, true);
    assert.ok(hasBegun, 'the copy tells at once where it begins');
    assert.deepEqual(
      migrated.tables.map(({ table, targetRows }) => [table, targetRows]),
      [
        ['one', rowCount],
        ['two', 100],
      ],
    );
    checkEvents(events);

    const verified = await verify(comparing(sides));
    assert.equal(verified.ok, true);
    await client.query(`UPDATE public.one SET name = '' WHERE id = 77`);
    const differs = await verify(comparing(sides));
    assert.equal(differs.ok, false);
    assert.deepEqual(
      differs.differences.map(({ table, key, column }) => [table, key, column]),
      [['one', 'id=77', 'name']],
    );
  });
});

/** Every phase that begins ends, rows only rise to their total, and every table is told twice. */
function checkEvents(events: readonly RunEvent[]): void {
  const begun = events.flatMap((event) => (event.tag === 'phase-begin' ? [event.name] : []));
  const ended = events.flatMap((event) => (event.tag === 'phase-end' ? [event.name] : []));
  assert.deepEqual([...ended].sort(), [...begun].sort());
  for (const name of ['snapshot', 'census', 'init', 'plan', 'copy', 'indexes', 'verify', 'analyze'] as const) {
    assert.ok(begun.includes(name), name);
  }
  const rows = events.flatMap((event) =>
    event.tag === 'progress' && event.progress.phase === 'copy' ? [event.progress.done] : [],
  );
  assert.equal(rows[0], 0);
  assert.deepEqual(
    rows,
    [...rows].sort((a, b) => a - b),
  );
  assert.equal(rows.at(-1), rowCount + 100);
  for (const table of ['one', 'two']) {
    assert.ok(events.some((event) => event.tag === 'table-copied' && event.table === table));
    assert.ok(events.some((event) => event.tag === 'table-verified' && event.table === table && event.isEqual));
  }
}

test('an abort in the middle of a copy rejects with interrupted, and the next call goes on from there', async () => {
  await withSides(async (sides, client) => {
    const options = { ...sides, chunkBytes: 65_536, workers: 1 };
    const stopping = new AbortController();
    const stopped = migrate({
      ...options,
      maxRowsPerSecond: 15_000,
      signal: stopping.signal,
      onEvent: (event) => {
        if (event.tag === 'progress' && event.progress.phase === 'copy' && event.progress.done > 5000) stopping.abort();
      },
    });
    await assert.rejects(stopped, isInterruption);
    const { rows } = await client.query('SELECT count(*)::int AS n FROM pgferry.chunk');
    assert.ok(rows[0].n > 0);
    const result = await migrate(options);
    assert.equal(result.ok, true);
    assert.equal(result.chunksResumed, rows[0].n);
    assert.ok(result.chunksCopied > 0);
    assert.equal(result.tables.find(({ table }) => table === 'one')?.targetRows, rowCount);
  });
});

test('an abort before or in the reading leaves nothing behind', async () => {
  await withSides(async (sides, client) => {
    const whenCompared = (options: Sides) => verify(comparing(options));
    for (const call of [plan, migrate, whenCompared]) {
      await assert.rejects(call({ ...sides, signal: AbortSignal.abort() }), isInterruption);
    }
    for (const [call, phase] of [
      [plan, 'census'],
      [migrate, 'snapshot'],
      [migrate, 'census'],
      [migrate, 'plan'],
      [whenCompared, 'census'],
    ] as const) {
      const stopping = new AbortController();
      const onEvent = (event: RunEvent) => {
        if (event.tag === 'phase-begin' && event.name === phase) stopping.abort();
      };
      await assert.rejects(call({ ...sides, signal: stopping.signal, onEvent }), isInterruption, phase);
    }
    assert.deepEqual(await listObjects(client), ['public']);
    const base = sides.backupFolder;
    if (existsSync(base)) assert.deepEqual(readdirSync(base), ['.gitignore']);
  });
});

test('an abort in the middle of a comparison ends it, and leaves no record of it', async () => {
  await withSides(async (sides) => {
    const { runDir } = await migrate(sides);
    const stopping = new AbortController();
    const onEvent = (event: RunEvent) => {
      if (event.tag === 'phase-begin' && event.name === 'compare') setImmediate(() => stopping.abort());
    };
    await assert.rejects(verify({ ...comparing(sides), signal: stopping.signal, onEvent }), isInterruption);
    const base = sides.backupFolder;
    assert.deepEqual(
      readdirSync(base)
        .filter((name) => name !== '.gitignore')
        .map((name) => join(base, name)),
      [runDir],
    );
  });
});

const badOptions: readonly (readonly [title: string, options: unknown, code: string])[] = [
  ['an unknown name', { wrokers: 2 }, 'usage.config_key'],
  ['a number out of range', { workers: 0 }, 'usage.bad_value'],
  ['a value of another type', { workers: {} }, 'usage.bad_value'],
  ['a choice that is none', { reader: 'fast' }, 'usage.bad_value'],
  ['two that exclude each other', { tables: ['a'], exclude: ['b'] }, 'usage.combination'],
  ['an empty sentinel', { nullSentinel: '' }, 'usage.empty_value'],
  ['a target that is no url', { targetUrl: 'here' }, 'usage.target_url'],
  ['a source that is not there', { sourcePath: '/nowhere/app.db' }, 'source.missing'],
];

test('init, copy, census, quarantine and status do what the commands of their names do', async () => {
  await withSides(async (sides) => {
    const { sourcePath, backupFolder } = sides;
    const { tables } = await census({ sourcePath, backupFolder, workers: 1 });
    const written = await census({ sourceCommand: `cat '${sourcePath}'`, backupFolder, workers: 1 });
    assert.deepEqual(written.tables, tables);
    assert.deepEqual(tables.map(({ table }) => table.name).sort(), ['one', 'two']);
    assert.equal((await init(sides)).tag, 'translated');
    const copied = await copy(comparing(sides));
    assert.equal(copied.ok, true);
    const { sourcePath: path, targetUrl } = sides;
    const { run } = await status({ sourcePath: path, targetUrl });
    assert.deepEqual([run?.runId, run?.state], [copied.runId, 'complete']);
    const kept = await quarantine({ action: 'list', sourcePath: path, targetUrl });
    assert.deepEqual([kept.action, kept.rows], ['list', []]);
  });
});

test('options that a function has not, or lacks, are refused by name', async () => {
  const sides = { sourcePath: 'a.db', targetUrl: 'postgresql://a@127.0.0.1:1/b' };
  const call = (use: (options: never) => Promise<unknown>, options: unknown) => use(options as never);
  for (const [use, options, message] of [
    [migrate, { ...sides, confirm: 'x', wrokers: 1 }, 'migrate() knows no option "confirm", "wrokers"'],
    [verify, { ...sides, fresh: true }, 'verify() knows no option "fresh"'],
    [plan, { sourcePath: 'a.db' }, 'plan() needs the option targetUrl'],
    [plan, { targetUrl: sides.targetUrl, sourcePath: undefined }, 'plan() needs the option sourcePath'],
    [census, {}, 'census() needs the option sourcePath'],
    [cutover, sides, 'cutover() needs the option dryRun, which has no default'],
    [migrate, { ...sides, workers: 0 }, 'option workers cannot be "0"'],
  ] as const) {
    await assert.rejects(call(use, options), { name: 'CopierError', message });
  }
});

test('bad options are rejected before anything is done', async (t) => {
  await withSides(async (sides, client) => {
    for (const [title, options, code] of badOptions) {
      await t.test(title, async () => {
        for (const call of [plan, migrate]) {
          await assert.rejects(call({ ...sides, ...(options as MigrateOptions) }), (error) => {
            assert.ok(error instanceof CopierError);
            assert.equal(error.code, code);
            return true;
          });
        }
      });
    }
    assert.deepEqual(await listObjects(client), ['public']);
    assert.equal(existsSync(sides.backupFolder), false);
  });
});

const caller = `
  const { plan } = await import('pgferry');
  const { tables } = await plan({ sourcePath: process.argv[1], targetUrl: process.argv[2], backupFolder: process.argv[3], fromSource: true });
  console.log(tables.length);`;

test('the package is imported by its name; it prints nothing and asks nothing of the environment', async () => {
  await withSides(async ({ sourcePath, targetUrl, backupFolder }) => {
    const env = { ...process.env, SQLITE_DB_PATH: '/nowhere', POSTGRES_DATABASE_URL: 'none', WORKERS: 'x' };
    const args = ['--input-type=module', '-e', caller, sourcePath, targetUrl, backupFolder];
    // The package is found by its own name from a file or a folder within it.
    const cwd = new URL('../../../', import.meta.url).pathname;
    const child = spawn(process.execPath, args, { cwd, env });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes) => (output += String(bytes)));
    const exitCode = await new Promise((resolve) => child.once('close', resolve));
    assert.deepEqual([exitCode, output], [0, '2\n']);
  });
});
