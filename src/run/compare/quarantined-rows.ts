import { quoteShell } from '../../lib/shell-word.js';
import { CopierError } from '../../model/error.js';
import type { ColumnLoss } from '../../model/copy.js';
import type { QuarantineGroup } from '../../model/quarantine.js';
import type { Finding, Plan } from '../../model/plan.js';
import type { TargetClient } from '../../target/connection/client.js';
import { hasLedger } from '../../target/ledger/ledger.js';
import { findLoaded } from '../../target/fingerprint/loaded.js';
import { describeLoss } from '../../report/text/loss-text.js';
import { countOf } from '../../report/units.js';
import { listLosses } from '../../target/ledger/losses.js';
import { countQuarantine, listConverted, listQuarantinedTables } from '../../target/ledger/quarantine.js';
import type { AppliedRule } from '../../verify/rules/recompute.js';
import type { QuarantineRun } from './compare-table.js';
import { readPlan } from '../plan/stored-plan.js';

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
    const before = await readPlan(client, runId);
    const tables = [...quarantines].filter(([, one]) => one.runId === runId).map(([table]) => table);
    checkQuarantinedColumns(plan, before, tables, runId);
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

/** What these runs have in quarantine or converted, as findings: one per table, column, hazard and rule. */
export async function listQuarantineFindings(client: TargetClient, runIds: Iterable<string>): Promise<Finding[]> {
  const findings: Finding[] = [];
  const { ledgerSchema } = client.address;
  const ledgerFlag = ledgerSchema === undefined ? '' : ` --ledger-schema ${quoteShell(ledgerSchema)}`;
  const quarantine = client.ledger('quarantine');
  for (const runId of new Set(runIds)) {
    const held = (await countQuarantine(client, runId)).filter(({ state }) => state === 'held');
    findings.push(...held.map((group) => heldFinding(group, ledgerFlag)));
    for (const loss of await listLosses(client, runId)) findings.push(lossFinding(loss, ledgerFlag, quarantine));
  }
  return findings;
}

/** With the flag that names the ledger where it is not in its own schema. */
function heldFinding({ table, column, rows, hazard, examples }: QuarantineGroup, ledgerFlag: string): Finding {
  const message = `${countOf(rows, 'row')} in quarantine (${hazard})${shownExamples(examples)}`;
  const hint = `\`pgferry quarantine list${ledgerFlag}\` names them; \`pgferry quarantine retry${ledgerFlag}\` brings them in after a fix`;
  return { severity: 'warning', code: 'data.quarantined', table, column, key: examples[0] ?? null, message, hint };
}

/** `quarantine`: the table that keeps rows whole. */
function lossFinding(
  { table, column, examples, ...loss }: ColumnLoss,
  ledgerFlag: string,
  quarantine: string,
): Finding {
  const { cells, hazard, rule } = loss;
  const what = [`${countOf(cells, 'value')} converted (${hazard}: ${rule})`, ...describeLoss(loss)].join(', ');
  const message = `${what}${shownExamples(examples)}`;
  const hint = `\`pgferry quarantine list${ledgerFlag}\` counts them, and names those that are kept whole in ${quarantine}: as many as --keep-converted says`;
  return { severity: 'warning', code: 'data.converted', table, column, key: examples[0] ?? null, message, hint, loss };
}

function shownExamples(examples: readonly string[]): string {
  return examples.length === 0 ? '' : `, for example ${examples.join('; ')}`;
}
