import { must } from '../../model/error.js';
import type { TargetClient } from '../connection/client.js';
import { bareLedgerName, ledgerSchemaOf } from '../ledger/names.js';
import { makeNotesSql, noterOf, notesOf } from './note-sql.js';

/*
 * What the reverse journal costs on this server: the same inserts into two tables that are alike, of which one has a journal,
 * in turns. Each statement is a transaction of its own, as most applications have it.
 */

/** Medians of one statement, in ms. */
export interface JournalPrice {
  readonly oneRow: { readonly without: number; readonly with: number };
  readonly thousandRows: { readonly without: number; readonly with: number };
}

const tables = { without: 'price_without', with: 'price_with' } as const;

/** `rounds`: how often each kind of insert is measured in turn: 100 of one row, and 5 of 1000 rows. */
export async function measurePrice(client: TargetClient, rounds: number): Promise<JournalPrice> {
  await dropTables(client);
  try {
    for (const name of Object.values(tables)) {
      await client.run(`CREATE TABLE ${client.ledger(name)} (id bigint PRIMARY KEY, at timestamptz, n integer, t text);
        CREATE INDEX ON ${client.ledger(name)} (at)`);
    }
    const [row] = await client.query<{ oid: number }>('SELECT $1::regclass::oid AS oid', [client.ledger(tables.with)]);
    const { oid } = must(row, 'oid of a table');
    const relation = {
      oid,
      schema: ledgerSchemaOf(client.address),
      name: bareLedgerName(client.address, tables.with),
      positions: [1],
      columns: [1],
      needsSettings: false,
      wholeNumber: 'int8',
    };
    await client.run(makeNotesSql(client, relation));
    return await measure(client, rounds);
  } finally {
    await dropTables(client);
  }
}

async function measure(client: TargetClient, rounds: number): Promise<JournalPrice> {
  const times = {
    oneRow: { without: [] as number[], with: [] as number[] },
    thousandRows: { without: [] as number[], with: [] as number[] },
  };
  let id = 0;
  const insert = async (side: keyof typeof tables, rows: number) => {
    const sql = `INSERT INTO ${client.ledger(tables[side])} SELECT i, now(), i % 100, repeat('x', 60) FROM generate_series($1::bigint, $2::bigint) AS i`;
    const begun = performance.now();
    await client.query(sql, [id + 1, id + rows]);
    id += rows;
    return performance.now() - begun;
  };
  for (let round = 0; round < rounds; round++) {
    for (const side of ['without', 'with'] as const) {
      for (let i = 0; i < 100; i++) times.oneRow[side].push(await insert(side, 1));
      for (let i = 0; i < 5; i++) times.thousandRows[side].push(await insert(side, 1000));
    }
  }
  const both = ({ without, with: noted }: (typeof times)['oneRow']) => ({
    without: median(without),
    with: median(noted),
  });
  return { oneRow: both(times.oneRow), thousandRows: both(times.thousandRows) };
}

async function dropTables(client: TargetClient): Promise<void> {
  const [row] = await client.query<{ oid: number | null }>('SELECT to_regclass($1)::oid AS oid', [
    client.ledger(tables.with),
  ]);
  for (const name of Object.values(tables)) await client.run(`DROP TABLE IF EXISTS ${client.ledger(name)}`);
  if (row?.oid == null) return;
  await client.run(
    `DROP FUNCTION IF EXISTS ${noterOf(client, row.oid)}(); DROP TABLE IF EXISTS ${notesOf(client, row.oid)}`,
  );
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;
}
