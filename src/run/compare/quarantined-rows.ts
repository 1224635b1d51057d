import { CopierError } from '../../model/error.js';
import type { QuarantineGroup } from '../../model/copy.js';
import type { Finding, Plan } from '../../model/plan.js';
import type { TargetClient } from '../../target/connection/client.js';
import { hasLedger } from '../../target/ledger/ledger.js';
import { findLoaded } from '../../target/fingerprint/loaded.js';
import { countQuarantine, listKeptTables } from '../../target/ledger/quarantine.js';
import { readPlan } from '../../target/ledger/run.js';
import type { KeptRows } from './compare-table.js';
import type { StoredPlan } from '../plan/stored-plan.js';

/** The runs whose quarantine keeps rows of the plan's tables, by source table: each table's is that of the run that loaded it. */
export async function findKept(
  client: TargetClient,
  schema: string,
  plan: Plan,
): Promise<ReadonlyMap<string, KeptRows>> {
  const kept = new Map<string, KeptRows>();
  if (!(await hasLedger(client))) return kept;
  const tables = await listKeptTables(client, schema);
  const loaded = tables.length === 0 ? [] : await findLoaded(client, schema);
  for (const { source, target } of plan.tables) {
    const runId = loaded.find(({ table }) => table === target)?.runId;
    if (tables.some((one) => one.table === source && one.runId === runId) && runId !== undefined)
      kept.set(source, { runId });
  }
  for (const runId of new Set([...kept.values()].map((one) => one.runId))) {
    const stored = JSON.parse(await readPlan(client, runId)) as StoredPlan;
    const tables = [...kept].filter(([, one]) => one.runId === runId).map(([table]) => table);
    checkKeptColumns(plan, stored.plan, tables, runId);
  }
  return kept;
}

/** Cells are kept by their place in the plan of the run, so the columns must still be the same. */
export function checkKeptColumns(plan: Plan, before: Plan, tables: Iterable<string>, runId: string): void {
  const namesOf = (of: Plan, table: string) =>
    JSON.stringify(of.tables.find(({ source }) => source === table)?.columns.map(({ source }) => source));
  const table = [...tables].find((name) => namesOf(plan, name) !== namesOf(before, name));
  if (table === undefined) return;
  throw new CopierError(
    'plan.quarantine_columns',
    `table ${table} has other columns than when run ${runId} copied it`,
    {
      table,
      hint: 'its quarantined rows cannot be compared any more: migrate again with --fresh --truncate-target',
    },
  );
}

/** What a run kept, as findings: a line per table, column, hazard and rule. */
export async function findKeptRows(client: TargetClient, runIds: Iterable<string>): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const runId of new Set(runIds)) findings.push(...(await countQuarantine(client, runId)).flatMap(findingOf));
  return findings;
}

function findingOf(group: QuarantineGroup): Finding[] {
  const { table, column, rows, hazard, rule, examples, state } = group;
  if (state === 'released') return [];
  const count = rows === 1 ? '1 row' : `${rows} rows`;
  const place = { severity: 'warning' as const, table, column, key: examples[0] ?? null };
  const all = `for example ${examples.join('; ')}`;
  if (state === 'held') {
    const hint = '`pgferry quarantine list` names them; `pgferry quarantine retry` brings them in after a fix';
    return [{ ...place, code: 'data.quarantined', message: `${count} in quarantine (${hazard}), ${all}`, hint }];
  }
  const hint = 'the rows as the source has them are kept in pgferry.quarantine';
  return [{ ...place, code: 'data.converted', message: `${count} converted (${hazard}: ${rule}), ${all}`, hint }];
}
