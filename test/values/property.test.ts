import assert from 'node:assert/strict';
import { isUtf8 } from 'node:buffer';
import { join } from 'node:path';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { Database } from '../../src/source/sqlite.js';
import fc from 'fast-check';
import type pg from 'pg';
import { isSameValue } from '../../src/encode/inverse/form.js';
import { normalNumber } from '../../src/encode/inverse/number-inverses.js';
import { CellWriter } from '../../src/encode/inverse/inverse.js';
import { explainRow } from '../../src/encode/value/explain.js';
import { CopierError, must } from '../../src/model/error.js';
import type { TablePlan } from '../../src/model/plan.js';
import type { Kind } from '../../src/model/kind.js';

import type { RowView, SqliteValue } from '../../src/model/value.js';
import { chooseKind } from '../../src/plan/kinds/kinds.js';
import { readSourceCatalog } from '../../src/source/catalog/catalog.js';
import { takeCensus } from '../../src/source/census/census.js';
import { readPages } from '../../src/source/pages/pages.js';
import { withSnapshotFile } from '../support/snapshot-file.js';
import { choosePages } from '../../src/source/pages/layout.js';
import { readRows } from '../../src/source/rows/rows.js';
import { parseTargetUrl } from '../../src/target/connection/address.js';
import { readTargetCatalog } from '../../src/target/schema/catalog.js';
import { withTarget } from '../../src/target/connection/connect.js';
import { copyIn } from '../encode/copy.js';
import { encoderFor, planOf, viewOf } from '../encode/sample.js';
import { withDatabase } from '../support/database.js';
import { withFolder } from '../support/folder.js';
import { verifyTable } from '../verify/sides.js';
import { type AnyValue, anyValue, bindingOf } from './any-value.js';
import { asArraySql, type Target, targets } from './targets.js';
import { isFull } from '../support/run-count.js';

/*
 * Random values of every storage class go into every target type, through the real readers, the encoder and COPY. What
 * arrives must be what the value's own text form means to PostgreSQL, and verify must find both sides equal. What is
 * refused must be something that PostgreSQL refuses too, or would cut; each form that a type promises must be taken.
 * PGFERRY_SEED repeats a run.
 */
const seed = Number(process.env['PGFERRY_SEED'] ?? Date.now() % 2 ** 31);
const valuesPerRun = 100;
/** More than 100 000 values in full. */
const runs = isFull ? Math.ceil(110_000 / targets.length / valuesPerRun) : 1;

const sqliteForms = `SELECT id, typeof(v) AS s, CASE typeof(v) WHEN 'blob' THEN lower(hex(v)) ELSE CAST(v AS TEXT) END AS y,
  CASE WHEN typeof(v) = 'real' AND CAST(v AS INTEGER) = v THEN CAST(CAST(v AS INTEGER) AS TEXT) END AS i,
  CASE WHEN typeof(v) IN ('integer', 'real') THEN strftime('%Y-%m-%d %H:%M:%f', v) END AS j FROM "Sample" ORDER BY id`;

/** What PostgreSQL makes of one value: its text, `!no` where it refuses it, `!cut` where the type loses some of it. */
type Reading = string | null;

interface Outcome {
  readonly id: number;
  readonly value: AnyValue;
  /** The code of the error that refused it, null where it was sent. */
  readonly refused: string | null;
  readonly oracle: Reading;
}

test('random values of every storage class arrive in every type as PostgreSQL itself reads them, or are refused by name', {
  timeout: runs * 600_000,
}, async (t) => {
  t.diagnostic(`seed ${seed}, ${runs * valuesPerRun * targets.length} values`);
  await withDatabase(async (url, client) => {
    await client.query(`SET timezone = 'UTC'; SET lc_monetary = 'C'; CREATE TYPE mood AS ENUM ('sad', 'höchst froh');
      CREATE DOMAIN short AS varchar(8);
      CREATE FUNCTION no() RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$;
      ${asArraySql}`);
    for (const target of targets) {
      const { unit = '', zone = '' } = target.rules ?? {};
      await t.test(`${target.type} ${unit} ${zone}`.trim(), () => checkTarget(url, client, target));
    }
  });
});

async function checkTarget(url: string, client: pg.Client, target: Target): Promise<void> {
  await client.query(`DROP TABLE IF EXISTS "Sample"; CREATE TABLE "Sample" (id int PRIMARY KEY, v ${target.type});
    CREATE OR REPLACE FUNCTION reading(s text, x text, y text, i text, j text) RETURNS text LANGUAGE plpgsql AS $body$
    DECLARE whole ${target.base}; kept ${target.type};
    BEGIN
      whole := (${target.oracle})::${target.base};
      IF whole IS NULL THEN RETURN NULL; END IF;
      kept := whole::${target.type};
      IF kept::text::${target.base}::text IS DISTINCT FROM whole::text AND ${difference(target)} THEN RETURN '!cut'; END IF;
      RETURN kept::text;
    EXCEPTION WHEN others THEN RETURN '!no';
    END $body$`);
  const kind = await kindOf(url, target);
  await withFolder(async (folder) => {
    const path = join(folder, 'app.db');
    const values = fc.array(anyValue(target.speaking), { minLength: valuesPerRun, maxLength: valuesPerRun });
    let run = 0;
    await fc.assert(
      fc.asyncProperty(values, async (list) =>
        checkValues({ url, client, path, target, kind, isByPages: run++ % 2 === 0 }, list),
      ),
      { seed, numRuns: runs, endOnFailure: true, asyncReporter: report },
    );
  });
}

/** A hundred values would say less than the one that failed. */
function report<T>({ failed, seed: failing, errorInstance }: fc.RunDetails<T>): Promise<void> {
  if (!failed) return Promise.resolve();
  const { message } = errorInstance instanceof Error ? errorInstance : { message: String(errorInstance) };
  throw new Error(`PGFERRY_SEED=${failing}: ${message}`, { cause: errorInstance });
}

/** Where two texts of the base type may differ although nothing was lost. */
function difference({ base, type }: Target): string {
  if (base === 'numeric') return `kept::${type === 'money' ? 'numeric' : base} <> whole`;
  if (base === 'bpchar') return `kept::bpchar <> whole`;
  if (type === 'date') return 'kept::timestamp <> whole';
  if (type === 'real') return 'kept::float8 <> whole';
  return 'true';
}

async function kindOf(url: string, { rules = {} }: Target): Promise<Kind> {
  return await withTarget(parseTargetUrl(url).address, { applicationName: 'pgferry test' }, async (client) => {
    const { tables } = await readTargetCatalog(client, 'public');
    const column = must(tables[0]?.columns[1], 'column v');
    const db = new Database(':memory:');
    try {
      db.exec('CREATE TABLE "Sample" (id INTEGER PRIMARY KEY, v)');
      const source = must(readSourceCatalog(db, 0).tables[0], 'table');
      const census = must(takeCensus(db, source).columns[1], 'census');
      const pair = { table: 'Sample', source: must(source.columns[1], 'column'), target: column, census, rules };
      return chooseKind({ ...pair, isPrimaryKey: false }).kind;
    } finally {
      db.close();
    }
  });
}

interface Check {
  readonly url: string;
  readonly client: pg.Client;
  readonly path: string;
  readonly target: Target;
  readonly kind: Kind;
  readonly isByPages: boolean;
}

async function checkValues(
  { url, client, path, target, kind, isByPages }: Check,
  values: readonly AnyValue[],
): Promise<void> {
  const format = kind.tag === 'literal' ? 'text' : isByPages ? 'binary' : 'text';
  const plan = planOf(
    [
      { name: 'id', type: 'integer', kind: { tag: 'int4' } },
      { name: 'v', type: target.type, kind },
    ],
    { format },
  );
  const db = new Database(path);
  try {
    fill(db, values);
    const outcomes = await judge(client, db, values);
    const { refused, copy } = await send(plan, kind, db, isByPages ? path : null, outcomes);
    await client.query('TRUNCATE "Sample"');
    await copyIn(client, copy, format);
    const { rows } = await client.query<{ id: number; v: string | null }>('SELECT id, v::text FROM "Sample"');
    const arrived = new Map(rows.map(({ id, v }) => [id, v]));
    for (const outcome of outcomes)
      checkOutcome({ ...outcome, refused: refused.get(outcome.id) ?? null }, target, arrived);
    db.exec(`DELETE FROM "Sample" WHERE id IN (${[...refused.keys()].join(', ')})`);
  } finally {
    db.close();
  }
  const { comparison, differences } = await verifyTable(path, url, { ...plan, targetSchema: 'public' });
  assert.deepEqual(differences, []);
  assert.equal(comparison.equal, true);
  await checkWayBack(client, plan, kind, values);
}

/**
 * What arrived is written back: a cell in a form that is known comes back as it was, and what comes back, sent again,
 * is the value that was there.
 */
async function checkWayBack(
  client: pg.Client,
  plan: Omit<TablePlan, 'chunks'>,
  kind: Kind,
  values: readonly AnyValue[],
): Promise<void> {
  const sql = `SELECT id, format('%s', v) AS printed FROM "Sample" WHERE v IS NOT NULL ORDER BY id`;
  const { rows: before } = await client.query<{ id: number; printed: string }>(sql);
  const encoder = await encoderFor(plan);
  const sent = new Map<number, string>();
  for (const { id, printed } of before) {
    const cell = cellOf(must(values[id], 'value'));
    const writer = new CellWriter(must(plan.columns[1], 'column v'));
    const isKnown = writer.formsOf(cell).length > 0;
    if (isKnown) writer.learn(cell);
    const written = writer.write(printed);
    const shown = `${inspect(cell)} is ${printed}, and comes back as ${inspect(written)} (${writer.forms.join(', ')})`;
    // PostgreSQL keeps no texts of these.
    const isOneText = kind.tag !== 'jsonb' && kind.tag !== 'literal';
    if (isKnown && isOneText) assert.ok(written !== undefined && isSameValue(written, cell), shown);
    if (written === undefined || (kind.tag === 'bytea' && typeof written === 'string')) continue;
    encoder.encodeRow(viewOf([BigInt(id), written]));
    sent.set(id, printed);
  }
  await client.query('TRUNCATE "Sample"');
  await copyIn(client, Buffer.from(encoder.finish()), plan.format);
  const { rows: after } = await client.query<{ id: number; printed: string }>(sql);
  // Zeros at the end of a fraction are no part of a number.
  const same = (printed: string) => (kind.tag === 'numeric' ? normalNumber(printed) : printed);
  assert.deepEqual(
    new Map(after.map(({ id, printed }) => [id, same(printed)])),
    new Map([...sent].map(([id, printed]) => [id, same(printed)])),
  );
}

function cellOf(value: AnyValue): SqliteValue {
  if (value.storage === 'null') return null;
  return value.storage === 'text' ? value.bytes.toString() : 'bytes' in value ? value.bytes : value.value;
}

function fill(db: Database, values: readonly AnyValue[]): void {
  db.exec('CREATE TABLE IF NOT EXISTS "Sample" (id INTEGER PRIMARY KEY, v); DELETE FROM "Sample"');
  db.pragma('synchronous = OFF');
  const plain = db.prepare('INSERT INTO "Sample" VALUES (?, ?)');
  const text = db.prepare('INSERT INTO "Sample" VALUES (?, CAST(? AS TEXT))');
  db.transaction(() => {
    for (const [id, value] of values.entries()) (value.storage === 'text' ? text : plain).run(id, bindingOf(value));
  })();
}

/** What PostgreSQL makes of the texts that SQLite prints. */
async function judge(client: pg.Client, db: Database, values: readonly AnyValue[]): Promise<Outcome[]> {
  const forms = db.prepare<[], Record<'s' | 'y' | 'i' | 'j', string | null> & { id: number }>(sqliteForms).all();
  const asked = forms.map((form) => ({ ...form, x: digitsOf(must(values[form.id], 'value')) ?? form.y }));
  const readable = asked.filter(({ id }) => isReadable(must(values[id], 'value')));
  const { rows } = await client.query<{ id: number; r: Reading }>(
    `SELECT id, reading(s, x, y, i, j) AS r FROM jsonb_to_recordset($1::jsonb) AS q(id int, s text, x text, y text, i text, j text)`,
    [JSON.stringify(readable)],
  );
  const readings = new Map(rows.map(({ id, r }) => [id, r]));
  return values.map((value, id) => ({
    id,
    value,
    refused: null,
    oracle: readings.has(id) ? (readings.get(id) ?? null) : value.storage === 'null' ? null : '!no',
  }));
}

/** A real's own digits: the fewest that read back the same double. */
function digitsOf(value: AnyValue): string | null {
  if (value.storage !== 'real') return null;
  return Object.is(value.value, -0) ? '-0' : String(value.value);
}

/** PostgreSQL cannot even be asked about the others. */
function isReadable(value: AnyValue): boolean {
  if (value.storage === 'null') return false;
  return value.storage !== 'text' || (isUtf8(value.bytes) && !value.bytes.includes(0));
}

/** Encodes row by row, as the copy does after it knows the rows that cannot go. */
async function send(
  plan: Omit<TablePlan, 'chunks'>,
  kind: Kind,
  db: Database,
  pagesPath: string | null,
  outcomes: readonly Outcome[],
): Promise<{ refused: Map<number, string>; copy: Buffer }> {
  const encoder = await encoderFor(plan);
  const refused = new Map<number, string>();
  // A bit string that is too long is cut by a cast, but refused by COPY.
  const refusals = plan.columns[1]?.targetType.startsWith('bit') === true ? ['!no', '!cut'] : ['!no'];
  const add = (view: RowView): void => {
    const id = view.number[0] as number;
    // Only the server can read a literal: what it would refuse is not sent.
    const isForServer = kind.tag === 'literal' && refusals.includes(outcomes[id]?.oracle ?? '');
    const code = isForServer ? 'data.rejected' : (explainRow(plan, view)?.code ?? encode(view));
    if (code !== null) refused.set(id, code);
  };
  const encode = (view: RowView): string | null => {
    try {
      encoder.encodeRow(view);
      return null;
    } catch (error) {
      if (error instanceof CopierError) return error.code;
      throw error;
    }
  };
  if (pagesPath === null) for (const view of readRows(db, plan, { tag: 'whole' })) add(view);
  else readByPages(db, pagesPath, plan, add);
  return { refused, copy: Buffer.from(encoder.finish()) };
}

function readByPages(db: Database, path: string, plan: Omit<TablePlan, 'chunks'>, add: (view: RowView) => void) {
  const catalog = readSourceCatalog(db, 0);
  const table = must(catalog.tables[0], 'table');
  const choice = choosePages(table, catalog);
  assert.equal(choice.tag, 'pages');
  if (choice.tag !== 'pages') return;
  withSnapshotFile(path, (file) => {
    for (const view of readPages(file, { ...plan, rootPage: table.rootPage }, choice.layout, { tag: 'whole' }))
      add(view);
  });
}

function checkOutcome(
  { id, value, refused, oracle }: Outcome,
  target: Target,
  arrived: Map<number, string | null>,
): void {
  const shown = `${JSON.stringify(value, (_, part) => (typeof part === 'bigint' ? String(part) : part))} ${
    'bytes' in value ? value.bytes.toString() : ''
  } into ${target.type}: ${refused ?? 'taken'}`;
  if (refused === null) {
    assert.ok(arrived.has(id), shown);
    if (value.storage === 'null') assert.equal(arrived.get(id), null, shown);
    else if (oracle !== null) assert.equal(arrived.get(id), oracle, shown);
    return;
  }
  assert.ok(!arrived.has(id), shown);
  assert.match(refused, /^data\.\w+$/);
  assert.notEqual(value.storage, 'null', shown);
  const isTaken = oracle !== null && !oracle.startsWith('!');
  const isPromised = value.storage === 'text' && target.promised.test(value.bytes.toString());
  assert.ok(!(isTaken && isPromised), `${shown}, but PostgreSQL reads ${oracle}`);
}
