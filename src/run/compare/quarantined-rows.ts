import { quoteShell } from '../../lib/shell-word.js';
import { CopierError } from '../../model/error.js';
import type { QuarantineGroup } from '../../model/quarantine.js';
import type { Finding, Plan } from '../../model/plan.js';
import type { TargetClient } from '../../target/connection/client.js';
import { hasLedger } from '../../target/ledger/ledger.js';
import { findLoaded } from '../../target/fingerprint/loaded.js';
import { countQuarantine, listConverted, listQuarantinedTables } from '../../target/ledger/quarantine.js';
import type { AppliedRule } from '../../verify/rules/recompute.js';
import type { QuarantineRun } from './compare-table.js';
import { readStoredPlan } from '../plan/stored-plan.js';

/** For each source table of the plan with quarantined rows: the run that loaded it, which is the run that has them in quarantine. */
export async function findQuarantines(
  client: TargetClient,
  schema: string,
  plan: Pick<Plan, 'tables'>,
): Promise<ReadonlyMap<string, QuarantineRun>> {
  const quarantines = new Map<string, QuarantineRun>();
  if (!(await hasLedger(client))) return quarantines;
  const tables = await listQuarantinedTables(client, schema);
  const loaded = tables.length === 0 ? [] : await findLoaded(client, schema);
  for (const { source, target } of plan.tables) {
    const runId = loaded.find(({ table }) => table === target)?.runId;
    if (tables.some((one) => one.table === source && one.runId === runId) && runId !== undefined)
      quarantines.set(source, { runId, rules: await readRules(client, runId, source) });
  }
  for (const runId of new Set([...quarantines.values()].map((one) => one.runId))) {
    const stored = await readStoredPlan(client, runId);
    const tables = [...quarantines].filter(([, one]) => one.runId === runId).map(([table]) => table);
    checkQuarantinedColumns(plan, stored.plan, tables, runId);
  }
  return quarantines;
}

/** The rules by which a run changed values of a table, in rows that it did not keep whole. */
export async function readRules(client: TargetClient, runId: string, table: string): Promise<AppliedRule[]> {
  const converted = await listConverted(client, runId);
  return converted.filter((one) => one.table === table).map(({ column, hazard, rule }) => ({ column, hazard, rule }));
}

/** Quarantined cells are numbered by the columns of their run's plan, so the columns must still be the same. */
export function checkQuarantinedColumns(
  plan: Pick<Plan, 'tables'>,
  before: Plan,
  tables: Iterable<string>,
  runId: string,
): void {
  const namesOf = (of: Pick<Plan, 'tables'>, table: string) =>
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

/** What these runs have in quarantine, as findings: one per table, column, hazard and rule. */
export async function listQuarantineFindings(client: TargetClient, runIds: Iterable<string>): Promise<Finding[]> {
  const findings: Finding[] = [];
  const { ledgerSchema } = client.address;
  const ledgerFlag = ledgerSchema === undefined ? '' : ` --ledger-schema ${quoteShell(ledgerSchema)}`;
  const quarantine = client.ledger('quarantine');
  for (const runId of new Set(runIds))
    findings.push(
      ...(await countQuarantine(client, runId)).flatMap((group) => findingOf(group, ledgerFlag, quarantine)),
    );
  return findings;
}

/** With the flag that names the ledger where it is not in its own schema, and the table that keeps rows whole. */
function findingOf(group: QuarantineGroup, ledgerFlag: string, quarantine: string): Finding[] {
  const { table, column, rows, hazard, rule, examples, state } = group;
  if (state === 'released') return [];
  const count = rows === 1 ? '1 row' : `${rows} rows`;
  const location = { severity: 'warning' as const, table, column, key: examples[0] ?? null };
  const all = examples.length === 0 ? '' : `, for example ${examples.join('; ')}`;
  if (state === 'held') {
    const hint = `\`pgferry quarantine list${ledgerFlag}\` names them; \`pgferry quarantine retry${ledgerFlag}\` brings them in after a fix`;
    return [{ ...location, code: 'data.quarantined', message: `${count} in quarantine (${hazard})${all}`, hint }];
  }
  const hint = `\`pgferry quarantine list${ledgerFlag}\` counts them, and names those that are kept whole in ${quarantine}: as many as --keep-converted says`;
  return [{ ...location, code: 'data.converted', message: `${count} converted (${hazard}: ${rule})${all}`, hint }];
}
