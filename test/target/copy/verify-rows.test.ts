import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CopierError } from '../../../src/model/error.js';
import type { ColumnPlan } from '../../../src/model/plan.js';
import { type CellBatch, Storage } from '../../../src/model/value.js';
import { parseTargetUrl } from '../../../src/target/connection/address.js';
import { withTarget } from '../../../src/target/connection/connect.js';
import type { TargetClient } from '../../../src/target/connection/client.js';
import { withTransaction } from '../../../src/target/connection/transaction.js';
import { CopyTextParser } from '../../../src/target/copy/copy-text.js';
import { type TargetTableToVerify, readTargetCells, renderLiterals } from '../../../src/target/copy/verify-rows.js';
import { withDatabase } from '../../support/database.js';
import { runCount } from '../../support/run-count.js';

const applicationName = 'pgferry test';

function tableOf(names: readonly string[], target = 't'): TargetTableToVerify {
  const rest = {
    declaredType: '',
    affinity: 'blob',
    targetType: '',
    kind: { tag: 'literal' },
    reason: '',
    isTextual: false,
  } as const;
  return {
    targetSchema: 'public',
    target,
    columns: names.map((name): ColumnPlan => ({ source: name, target: name, ...rest })),
  };
}

function textsOf(batch: CellBatch): (string | null)[][] {
  return Array.from({ length: batch.rowCount }, (_, r) =>
    Array.from({ length: batch.columnCount }, (_, c) => {
      const cell = r * batch.columnCount + c;
      if (batch.storage[cell] === Storage.Null) return null;
      return batch.bytes.toString('utf8', batch.start[cell], batch.end[cell]);
    }),
  );
}

async function readAll(client: TargetClient, table: TargetTableToVerify): Promise<(string | null)[][]> {
  const rows: (string | null)[][] = [];
  for await (const batch of readTargetCells(client, table)) rows.push(...textsOf(batch));
  return rows;
}

async function withClient(use: (client: TargetClient) => Promise<void>): Promise<void> {
  await withDatabase((url) => withTarget(parseTargetUrl(url).address, { applicationName }, use));
}

test('values are read as Postgres prints them, NULL apart from every text', () =>
  withClient(async (client) => {
    await client.query(`CREATE TABLE public."a ""b"(x text, "y ""z" bytea, f float8, t timestamptz)`);
    await client.query(
      `INSERT INTO public."a ""b" VALUES (E'\\\\N\\t\\n\\r\\b\\f\\x0b\\\\', '\\x00ff', '-0', '2024-02-29 23:59:59.5+02'), (NULL, NULL, 0.1, NULL), ('', '', 'Infinity', '0044-03-15 BC')`,
    );
    assert.deepEqual(await readAll(client, tableOf(['x', 'y "z', 'f', 't'], 'a "b')), [
      ['\\N\t\n\r\b\f\v\\', '\\x00ff', '-0', '2024-02-29 21:59:59.5+00'],
      [null, null, '0.1', null],
      ['', '\\x', 'Infinity', '0044-03-15 00:00:00+00 BC'],
    ]);
  }));

test('random rows are read exactly, over many batches, with a value larger than a batch', () =>
  withClient(async (client) => {
    await client.query('CREATE TABLE public.t(i int, x text)');
    await client.query(
      `INSERT INTO public.t SELECT i, CASE WHEN i = 3000 THEN repeat(E'\\\\\\n', 1500000) ELSE repeat(E'ü\\t', i % 90) END FROM generate_series(1, 6000) AS i`,
    );
    // Postgres puts rows where there is room, so their order says nothing.
    const rows = (await readAll(client, tableOf(['i', 'x']))).sort((a, b) => Number(a[0]) - Number(b[0]));
    assert.equal(rows.length, 6000);
    for (const [i, row] of rows.entries()) {
      const expected = i + 1 === 3000 ? '\\\n'.repeat(1_500_000) : 'ü\t'.repeat((i + 1) % 90);
      assert.ok(row[0] === String(i + 1) && row[1] === expected, `row ${i + 1}`);
    }
  }));

function encodeRow(row: readonly (string | null)[]): string {
  const letters: Readonly<Record<string, string>> = {
    '\\': '\\\\',
    '\n': '\\n',
    '\t': '\\t',
    '\r': '\\r',
    '\b': '\\b',
  };
  const cells = row.map((cell) =>
    cell === null ? '\\N' : cell.replaceAll(/[\\\n\t\r\b]/g, (found) => letters[found] ?? found),
  );
  return `${cells.join('\t')}\n`;
}

test('COPY text cut into pieces anywhere gives the same rows', () => {
  const cell = fc.option(fc.string({ unit: fc.constantFrom('\\', '\n', '\t', 'N', 'a', 'é', '\r'), maxLength: 5 }));
  const rows = fc.array(fc.tuple(cell, cell), { minLength: 1, maxLength: 10 });
  const property = fc.property(rows, fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1 }), (wanted, sizes) => {
    const bytes = Buffer.from(wanted.map(encodeRow).join(''));
    const parser = new CopyTextParser(2);
    for (let at = 0, i = 0; at < bytes.length; i += 1) {
      const size = sizes[i % sizes.length] ?? 1;
      parser.append(bytes.subarray(at, at + size));
      assert.equal(parser.takeFull(), null);
      at += size;
    }
    assert.deepEqual(textsOf(parser.takeRest()), wanted);
  });
  fc.assert(property, { numRuns: runCount({ usual: 500, full: 50_000 }) });
});

test('a failed read is translated, and the client stays usable', () =>
  withClient(async (client) => {
    await client.query('CREATE TABLE public.t(a int)');
    await assert.rejects(
      readAll(client, tableOf(['nosuch'])),
      (error) => error instanceof CopierError && error.table === 't',
    );
    assert.deepEqual(await readAll(client, tableOf(['a'])), []);
  }));

test('a caller who stops early leaves a closed client behind', () =>
  withDatabase(async (url, admin) => {
    await admin.query('CREATE TABLE t AS SELECT i, repeat($$x$$, 500) AS x FROM generate_series(1, 200000) AS i');
    await withTarget(parseTargetUrl(url).address, { applicationName: 'stops early' }, async (client) => {
      for await (const batch of readTargetCells(client, tableOf(['i', 'x']))) {
        assert.ok(batch.rowCount > 0);
        break;
      }
      await assert.rejects(client.query('SELECT 1'), (error) => error instanceof CopierError);
    });
  }));

test('an abort ends the read', () =>
  withDatabase(async (url, admin) => {
    await admin.query('CREATE TABLE t AS SELECT i, repeat($$x$$, 500) AS x FROM generate_series(1, 200000) AS i');
    const controller = new AbortController();
    const { signal } = controller;
    const read = withTarget(parseTargetUrl(url).address, { applicationName, signal }, async (client) => {
      for await (const batch of readTargetCells(client, tableOf(['i', 'x'])))
        if (batch.rowCount > 0) controller.abort();
    });
    await assert.rejects(read, (error) => error instanceof CopierError && error.code === 'interrupted.aborted');
  }));

test('literals are rendered by the output function of their type, and refused ones are null', () =>
  withClient(async (client) => {
    const cases: readonly (readonly [string, readonly string[], readonly (string | null)[]])[] = [
      ['inet', ['10.0.0.1/32', 'nowhere', '::FFFF', '10.0.0.0/8'], ['10.0.0.1', null, '::ffff', '10.0.0.0/8']],
      ['interval(3)', ['90 minutes', '1.123456 s'], ['01:30:00', '00:00:01.123456']],
      ['numeric(10,2)[]', ['{1.234, 2}'], ['{1.234,2}']],
      ['bit(3)', ['101'], ['101']],
      ['money', [], []],
    ];
    for (const [type, texts, expected] of cases)
      assert.deepEqual(await renderLiterals(client, type, texts), expected, type);
  }));

test('a table is read in the transaction of the caller', () =>
  withClient(async (client) => {
    await client.query('CREATE TABLE public.t(a int)');
    await withTransaction(client, async () => {
      await client.query('INSERT INTO public.t VALUES (1)');
      assert.deepEqual(await readAll(client, tableOf(['a'])), [['1']]);
    });
  }));
