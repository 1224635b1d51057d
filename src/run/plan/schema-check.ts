import { quoteName, quoteTable, quoteText } from '../../lib/quote.js';
import type { Finding, Plan } from '../../model/plan.js';
import type { ObjectCount, SchemaObject } from '../../model/schema.js';
import type { SourceCatalog } from '../../model/source.js';
import { checkClaims } from '../../translate/compare/claims.js';
import { compareObjects } from '../../plan/schema/compare-objects.js';
import { readTargetCatalog } from '../../target/schema/catalog.js';
import type { TargetClient } from '../../target/connection/client.js';
import { hasLedger } from '../../target/ledger/ledger.js';
import { readSchemaObjects } from '../../target/schema/objects.js';
import { listWaivers } from '../../target/ledger/waiver.js';
import { latestRun } from '../../target/ledger/run.js';
import { findSequencesBehind, type SequenceNeed } from '../../target/schema/sequences.js';
import { waiversOf } from '../../plan/rules/left-open.js';
import { readStoredSchema, readStoredSettings, type StoredSchema } from './stored-plan.js';

export interface SchemaCheck {
  /** Errors are differences between the two sides, or between before and after the load. */
  readonly findings: readonly Finding[];
  readonly objects: readonly ObjectCount[];
}

/** The schema as the youngest run on the target schema found or made it, or null where no run recorded one. */
export async function findStoredSchema(client: TargetClient, schema: string): Promise<StoredSchema | null> {
  const run = (await hasLedger(client)) ? await latestRun(client, schema) : null;
  return run === null ? null : await readStoredSchema(client, run.runId);
}

/** The same without its objects. */
export async function findStoredOrigin(
  client: TargetClient,
  schema: string,
): Promise<Omit<StoredSchema, 'objects'> | null> {
  const run = (await hasLedger(client)) ? await latestRun(client, schema) : null;
  return run === null ? null : ((await readStoredSettings(client, run.runId)).schema ?? null);
}

/** What the operator of the youngest run gave up, and what its policies leave out of force, as `--waive` names them. */
export async function findStoredWaivers(client: TargetClient, schema: string): Promise<string[]> {
  const run = (await hasLedger(client)) ? await latestRun(client, schema) : null;
  if (run === null) return [];
  return [...(await listWaivers(client, run.runId)), ...(await readStoredSettings(client, run.runId)).leftOpen];
}

/**
 * Compares both catalogs after a load: the planned tables' columns, keys, constraints, indexes, triggers and sequences
 * with what stood there before the load, with what the source's schema promises, and the sequences' positions with the
 * rows. Reads only.
 */
export async function checkSchema(request: {
  readonly client: TargetClient;
  readonly schema: string;
  readonly plan: Plan;
  readonly source: SourceCatalog;
  /** The schema before the load, or null where no run recorded it. */
  readonly stored: StoredSchema | null;
  readonly waive: readonly string[];
}): Promise<SchemaCheck> {
  const { client, schema, plan, source, stored } = request;
  const { tables } = plan;
  const now = await readSchemaObjects(client, schema);
  const target = await readTargetCatalog(client, schema);
  const waive = new Set(request.waive);
  const leftOpen = new Set(waiversOf(plan));
  const promised = {
    source,
    target,
    tables,
    lost: [...(stored?.lost ?? []), ...request.waive],
    isTranslated: stored?.isTranslated ?? false,
  };
  const claims = checkClaims({ ...promised, objects: now });
  // Without it a promise of the source would be broken.
  const isPromised = (object: SchemaObject) =>
    checkClaims({ ...promised, objects: now.filter((other) => other !== object) }).length > claims.length;
  const compared = compareObjects({ tables, before: stored?.objects ?? null, now, waive, leftOpen, isPromised });
  // What was lost since the load breaks a promise of the source too. It is reported once.
  const tablesWithFindings = new Set(compared.findings.map(({ table }) => table));
  const promises = claims.filter(({ table }) => !tablesWithFindings.has(table));
  const behind = await findSequencesBehind(client, schema, sequenceNeeds(plan, source));
  const positions = behind.map((sequence) => behindFinding(plan, sequence));
  return { findings: [...compared.findings, ...promises, ...positions], objects: compared.counts };
}

/** The last numbers that AUTOINCREMENT handed out: a sequence must continue above them. */
export function sequenceNeeds(plan: Plan, source: SourceCatalog): SequenceNeed[] {
  return plan.tables.map((table) => {
    const found = source.tables.find(({ name }) => name === table.source);
    const column = table.columns.find(({ source: name }) => name === found?.rowidAlias);
    return {
      table: table.target,
      sequenceAtLeast: column === undefined ? {} : { [column.target]: found?.sequence ?? null },
    };
  });
}

const bigintMax = 2n ** 63n - 1n;

function behindFinding(plan: Plan, behind: Awaited<ReturnType<typeof findSequencesBehind>>[number]): Finding {
  const { sequence, next, free, isExhausted } = behind;
  const table = plan.tables.find(({ target }) => target === behind.table);
  const column = table?.columns.find(({ target }) => target === behind.column);
  const location = { table: table?.source ?? behind.table, column: column?.source ?? behind.column, key: null };
  if (isExhausted) {
    const message = `the sequence ${sequence} ends before ${free}, the first number that is free: the next insert that takes a number from it fails, or gets one that is taken`;
    const name = quoteTable(table?.targetSchema ?? '', behind.table);
    const hint =
      BigInt(free) > bigintMax
        ? 'if the application takes numbers from it, give the row at the very end another key'
        : `if the application takes numbers from it: ALTER TABLE ${name} ALTER COLUMN ${quoteName(behind.column)} TYPE bigint; ALTER SEQUENCE ${sequence} AS bigint NO MAXVALUE NO MINVALUE;`;
    return { severity: 'warning', code: 'verify.sequence_exhausted', ...location, message, hint };
  }
  if (next === null) {
    const message = `our role may not look where the sequence ${sequence} stands`;
    const hint = `GRANT SELECT ON SEQUENCE ${sequence} to it`;
    return { severity: 'warning', code: 'verify.sequence_unread', ...location, message, hint };
  }
  const message = `the sequence ${sequence} would give ${next}, which is or was taken: ${free} is the first that is free`;
  const hint = `SELECT setval(${quoteText(sequence)}, ${free}, false);`;
  return { severity: 'error', code: 'verify.sequence_behind', ...location, message, hint };
}
