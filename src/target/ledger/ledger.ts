import { CopierError } from '../../model/error.js';
import { quoteName } from '../../lib/quote.js';
import { quoteShell } from '../../lib/shell-word.js';
import type { TargetAddress } from '../../model/target.js';
import type { TargetClient } from '../connection/client.js';
import { withTransaction } from '../connection/transaction.js';
import { bareLedgerName, type LedgerName, ledgerName, ledgerPrefixOf, ledgerSchemaOf } from './names.js';

/*
 * The tables of schema "pgferry" in the target, or of the schema that the operator named for them (`names.ts`). All state is there, so that no local state can be out of date:
 *   run         one row per run; its token keeps older attempts from writing
 *   chunk       one row per chunk, written in the very transaction of its COPY
 *   waiver      what the operator of a run gave up by name
 *   comparison  what the last verify or accept found after a run
 *   quarantine  rows of the source, whole, that are not in the target, or arrived with other values
 *   object      what was detached from our tables before the load and must be made again
 *   closed      which tables refuse the writes of others while a run loads them
 *   loaded      what a table held when a run finished it
 *   round   which newer snapshot each round brought; its sums are chunks with negative numbers
 *   cutover, cutover_step   the state of an application's switch, and its steps
 *   fleet, fleet_worker, fleet_file   the files that are moved together, and who is at which of them
 * It never holds a password or a connection string.
 */

/** Raised when a table below changes its shape. */
export const ledgerVersion = 12;

/** Serialises the making of the ledger. The number has no meaning, but must not be used by anything else. */
const makingLockKey = '7366466925186049793';

/** What makes the ledger, by where its names stand. */
const makingSql = (name: (bare: LedgerName) => string, prefix: string) => `
CREATE TABLE ${name('ledger_version')} (version integer NOT NULL);
INSERT INTO ${name('ledger_version')} VALUES (${ledgerVersion});
CREATE TABLE ${name('run')} (
  run_id text PRIMARY KEY,
  number bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
  target_schema text NOT NULL,
  state text NOT NULL CHECK (state IN ('copying', 'finishing', 'complete', 'failed', 'abandoned')),
  token bigint NOT NULL,
  plan_hash text NOT NULL,
  snapshot_path text NOT NULL,
  snapshot_sha256 text NOT NULL,
  snapshot_taken_at text NOT NULL,
  source_path text NOT NULL,
  tool_version text NOT NULL,
  host text NOT NULL,
  pid integer NOT NULL,
  started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  finished_at timestamptz,
  plan text NOT NULL,
  settings text,
  objects text,
  checked text,
  census text
);
CREATE UNIQUE INDEX ${prefix}run_unfinished ON ${name('run')} (target_schema)
  WHERE state IN ('copying', 'finishing', 'failed');
CREATE INDEX ${prefix}run_of_schema ON ${name('run')} (target_schema, number);
CREATE TABLE ${name('waiver')} (
  run_id text NOT NULL REFERENCES ${name('run')} ON DELETE CASCADE,
  name text NOT NULL,
  PRIMARY KEY (run_id, name)
);
CREATE TABLE ${name('comparison')} (
  run_id text PRIMARY KEY REFERENCES ${name('run')} ON DELETE CASCADE,
  command text NOT NULL,
  ok boolean NOT NULL,
  differences bigint NOT NULL,
  is_outdated boolean NOT NULL DEFAULT false,
  compared_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TABLE ${name('chunk')} (
  run_id text NOT NULL REFERENCES ${name('run')} ON DELETE CASCADE,
  table_name text NOT NULL,
  chunk_index integer NOT NULL,
  rows bigint,
  bytes bigint,
  keyset text,
  receipt text,
  columns jsonb,
  duration_ms double precision,
  quarantined bigint,
  converted jsonb NOT NULL DEFAULT '[]',
  committed_at timestamptz,
  PRIMARY KEY (run_id, table_name, chunk_index)
);
CREATE TABLE ${name('quarantine')} (
  run_id text NOT NULL REFERENCES ${name('run')} ON DELETE CASCADE,
  table_name text NOT NULL,
  chunk_index integer NOT NULL,
  row_number bigint NOT NULL,
  step integer NOT NULL,
  state text NOT NULL CHECK (state IN ('held', 'converted', 'released')),
  key text NOT NULL,
  column_name text,
  hazard text NOT NULL,
  rule text NOT NULL,
  reason text NOT NULL,
  bytes bigint NOT NULL,
  storage text NOT NULL,
  cells bytea[] NOT NULL,
  changed integer[],
  changed_storage text,
  changed_cells bytea[],
  losses jsonb,
  PRIMARY KEY (run_id, table_name, chunk_index, row_number, step)
);
CREATE TABLE ${name('object')} (
  run_id text NOT NULL REFERENCES ${name('run')},
  ordinal integer NOT NULL,
  kind text NOT NULL,
  table_schema text NOT NULL,
  table_name text NOT NULL,
  name text NOT NULL,
  definition text NOT NULL,
  tablespace text,
  drop_sql text,
  index_sql text,
  constraint_sql text,
  extra_sql jsonb NOT NULL,
  state text NOT NULL DEFAULT 'dropped' CHECK (state IN ('dropped', 'restored')),
  dropped_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  restored_at timestamptz,
  PRIMARY KEY (run_id, ordinal)
);
CREATE TABLE ${name('closed')} (
  run_id text NOT NULL REFERENCES ${name('run')},
  table_oid oid NOT NULL,
  table_schema text NOT NULL,
  table_name text NOT NULL,
  closed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  opened_at timestamptz,
  PRIMARY KEY (run_id, table_oid)
);
CREATE FUNCTION ${name('refuse_others')}() RETURNS trigger LANGUAGE plpgsql AS
  'BEGIN RAISE EXCEPTION USING MESSAGE = TG_ARGV[0], ERRCODE = ''object_in_use''; END';
CREATE TABLE ${name('loaded')} (
  target_schema text NOT NULL,
  table_name text NOT NULL,
  run_id text NOT NULL,
  rows bigint NOT NULL,
  keyset text NOT NULL,
  columns jsonb NOT NULL,
  loaded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (target_schema, table_name)
);
CREATE TABLE ${name('round')} (
  run_id text NOT NULL REFERENCES ${name('run')} ON DELETE CASCADE,
  number integer NOT NULL CHECK (number > 0),
  base_sha256 text NOT NULL,
  snapshot_path text NOT NULL,
  snapshot_sha256 text NOT NULL,
  snapshot_taken_at text NOT NULL,
  snapshot_bytes bigint NOT NULL,
  changes jsonb NOT NULL,
  duration_ms double precision NOT NULL,
  committed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (run_id, number)
);
CREATE TABLE ${name('cutover')} (
  cutover_id text PRIMARY KEY,
  number bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
  target_schema text NOT NULL,
  state text NOT NULL CHECK (state IN
    ('preparing', 'closing', 'proving', 'switched', 'undone', 'rolling_back', 'rolled_back', 'released')),
  attempt integer NOT NULL,
  folder text NOT NULL,
  source_path text NOT NULL,
  env_path text,
  facts jsonb,
  host text NOT NULL,
  pid integer NOT NULL,
  tool_version text NOT NULL,
  started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TABLE ${name('cutover_step')} (
  cutover_id text NOT NULL REFERENCES ${name('cutover')} ON DELETE CASCADE,
  ordinal integer NOT NULL,
  attempt integer NOT NULL,
  step text NOT NULL,
  state text NOT NULL CHECK (state IN ('begun', 'done', 'failed')),
  begun_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  ended_at timestamptz,
  PRIMARY KEY (cutover_id, ordinal)
);
CREATE TABLE ${name('fleet')} (
  name text PRIMARY KEY,
  form text NOT NULL CHECK (form IN ('schema-per-file', 'tenant-column')),
  parents_schema text,
  tenant_column text,
  made_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TABLE ${name('fleet_worker')} (
  number integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  lock_key bigint NOT NULL UNIQUE,
  host text NOT NULL,
  pid integer NOT NULL,
  began_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TABLE ${name('fleet_file')} (
  fleet text NOT NULL REFERENCES ${name('fleet')},
  target_schema text NOT NULL,
  source text NOT NULL,
  version text,
  bytes bigint,
  options jsonb,
  state text NOT NULL CHECK (state IN ('waiting', 'taken', 'done', 'failed', 'refused')),
  job uuid,
  worker integer REFERENCES ${name('fleet_worker')},
  after_run bigint NOT NULL,
  attempts integer NOT NULL DEFAULT 0,
  losses integer NOT NULL DEFAULT 0,
  run_id text,
  rows bigint,
  reason jsonb,
  remarks jsonb NOT NULL DEFAULT '[]',
  verified jsonb,
  began_at timestamptz,
  ended_at timestamptz,
  PRIMARY KEY (fleet, source)
);
CREATE UNIQUE INDEX ${prefix}fleet_file_schema ON ${name('fleet_file')} (target_schema) WHERE state <> 'refused';
CREATE INDEX ${prefix}fleet_file_state ON ${name('fleet_file')} (fleet, state);`;

/**
 * Makes the ledger where there is none. Another version is refused with both named (`target.ledger_version`), and so is
 * a schema "pgferry" that holds something else (`target.ledger_foreign`).
 */
export async function openLedger(client: TargetClient): Promise<void> {
  if (await hasLedger(client)) return;
  await withTransaction(client, async () => {
    await client.query('SELECT pg_advisory_xact_lock($1::bigint)', [makingLockKey]);
    if (await hasLedger(client)) return;
    await makeLedger(client);
  });
}

/** Whether the target has a ledger of our version; reads only, so `status` and `verify` leave nothing behind. */
export async function hasLedger(client: TargetClient): Promise<boolean> {
  const { address } = client;
  // Not by to_regclass: within a transaction that waited for the making lock it may not see what was committed since.
  const found = await client.query(
    `SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2`,
    [ledgerSchemaOf(address), bareLedgerName(address, 'ledger_version')],
  );
  if (found.length === 0) {
    await refuseLedgerElsewhere(client);
    return false;
  }
  const rows = await client.query<{ version: number }>(`SELECT version FROM ${client.ledger('ledger_version')}`);
  const version = rows[0]?.version;
  if (rows.length === 1 && version === ledgerVersion) return true;
  const schema = ledgerSchemaOf(address);
  throw new CopierError(
    'target.ledger_version',
    `the ledger in schema "${schema}" has version ${version ?? 'none'}, this pgferry needs version ${ledgerVersion}`,
    {
      hint: `use the pgferry that made it, or, once no run needs it any more, drop ${ledgerPrefixOf(address) === '' ? `the schema "${schema}"` : 'its tables, whose names begin with pgferry_'}`,
    },
  );
}

/** A run of this schema may be noted in another ledger, of a command that was told another place. */
async function refuseLedgerElsewhere(client: TargetClient): Promise<void> {
  const { address } = client;
  const others = await client.query<{ schema: string }>(
    `SELECT n.nspname::text AS schema FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relname IN ('run', 'pgferry_run') AND c.relname = CASE n.nspname WHEN 'pgferry' THEN 'run' ELSE 'pgferry_run' END
        AND c.relkind = 'r'
        AND n.nspname <> $1
        AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'target_schema')
        AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT') ORDER BY 1`,
    [ledgerSchemaOf(address)],
  );
  for (const { schema } of others) {
    const other = ledgerName({ ledgerSchema: schema }, 'run');
    const runs = await client.query(`SELECT 1 FROM ${other} WHERE target_schema = $1 LIMIT 1`, [address.schema]);
    if (runs.length === 0) continue;
    const message = `the ledger of schema ${address.schema} is in schema "${schema}", not in "${ledgerSchemaOf(address)}"`;
    const hint = `say so with --ledger-schema ${quoteShell(schema)}`;
    throw new CopierError('target.ledger_elsewhere', message, { hint });
  }
}

async function makeLedger(client: TargetClient): Promise<void> {
  const { address } = client;
  const name = ledgerSchemaOf(address);
  const doing = { doing: `make the ledger in schema "${name}"` };
  const [schema] = await client.query<{ isFree: boolean }>(
    `SELECT NOT EXISTS (SELECT FROM pg_class c WHERE c.relnamespace = n.oid AND starts_with(c.relname, $2)) AS "isFree"
       FROM pg_namespace n WHERE n.nspname = $1`,
    [name, ledgerPrefixOf(address)],
  );
  if (schema === undefined) await client.run(`CREATE SCHEMA ${quoteName(name)}`, [], doing);
  else if (!schema.isFree) throw foreignLedger(address);
  const sql = makingSql((bare) => client.ledger(bare), ledgerPrefixOf(address));
  await client.run(sql, [], doing);
}

function foreignLedger(address: TargetAddress): CopierError {
  const prefix = ledgerPrefixOf(address);
  const which = prefix === '' ? 'tables' : `tables named ${prefix}…`;
  return new CopierError(
    'target.ledger_foreign',
    `schema "${ledgerSchemaOf(address)}" of the target holds ${which} that are not our ledger`,
    {
      hint: 'pgferry keeps its ledger there: rename or move what is there, or name another schema with --ledger-schema',
    },
  );
}
