import { quoteName, quoteTable } from '../../lib/quote.js';
import { onlyStaying } from '../../lib/compared-rows.js';
import type { TableFingerprint } from '../../model/copy.js';
import { CopierError, must } from '../../model/error.js';
import type { Finding, StayingRows, Plan, TablePlan } from '../../model/plan.js';
import { makeFinding } from '../../plan/findings/finding.js';
import { hashPlan } from '../../plan/plan-hash.js';
import { hasPolicies } from '../../plan/rules/rules.js';
import { countOf } from '../../report/units.js';
import type { TargetClient } from '../../target/connection/client.js';
import { fingerprintTable } from '../../target/fingerprint/fingerprint.js';
import { hasUnplanned, withUnhashed } from '../../target/fingerprint/loaded.js';
import { countTargetRows } from '../../target/schema/table-rows.js';
import type { Survey } from '../survey/survey.js';
import { equalFormOf } from '../survey/server-form.js';
import { asPrinted } from '../survey/outside-rows.js';
import type { TargetCatalog } from '../../model/target.js';
import { isAsLoaded, readLoaded } from './replaceable.js';
import { describeDifferences, namedKeys } from './seeded-rows.js';
import { readPlan, readStoredSettings } from './stored-plan.js';

/*
 * Rows of the target that stay beside those of the source: the ones whose keys the source does not have. The others must
 * equal the source's, and are loaded anew. The plan of the run names the keys of those that stay, and what they held, so
 * that every proof leaves them out of the comparison with the source and sees that they are what they were.
 */

/** Each key stands in the plan and in every statement that reads the table. */
const stayingMax = 10_000;
const targetRowsMax = 100_000;
/** Kinds whose keys both sides write alike. */
const comparable = new Set(['int2', 'int4', 'int8', 'text', 'uuid']);

export interface MergedRows {
  /** By source table. */
  readonly staying: ReadonlyMap<string, StayingRows>;
  /** By source table: all that it held when it was compared. */
  readonly held: ReadonlyMap<string, TableFingerprint>;
  readonly findings: readonly Finding[];
}

/** Finds which rows of these target tables stay; what cannot be kept so is a finding that refuses. Reads only. */
export async function mergeRows(
  client: TargetClient,
  {
    survey,
    schema,
    target,
    tables,
  }: {
    readonly survey: Survey;
    readonly schema: string;
    readonly target: TargetCatalog;
    readonly tables: readonly TablePlan[];
  },
): Promise<MergedRows> {
  const staying = new Map<string, StayingRows>();
  const held = new Map<string, TableFingerprint>();
  const findings: Finding[] = [];
  const earlier = tables.length === 0 ? new Map<string, StayingRows>() : await readStaying(client, schema);
  for (const table of tables) {
    const now = await withUnhashed(client, table, await fingerprintTable(client, table));
    const found = await mergeTable(client, { survey, target, table, before: earlier.get(table.target) });
    if (typeof found === 'string') findings.push(refusal(table.source, found));
    else {
      held.set(table.source, now);
      if (found.keys.length > 0) staying.set(table.source, found);
      findings.push(noteOf(table.source, found));
    }
  }
  return { staying, held, findings };
}

/** The plan with the rows that stay, by source table. */
export function withStaying(plan: Plan, staying: ReadonlyMap<string, StayingRows>): Plan {
  if (staying.size === 0) return plan;
  const tables = plan.tables.map((table) => {
    const rows = staying.get(table.source);
    return rows === undefined ? table : { ...table, staying: rows };
  });
  const decided = { ...plan, tables };
  return { ...decided, hash: hashPlan(decided) };
}

/** By target table, the rows that stayed when it was last loaded. */
export async function readStaying(client: TargetClient, schema: string): Promise<Map<string, StayingRows>> {
  const staying = new Map<string, StayingRows>();
  const loaded = await readLoaded(client, schema);
  for (const runId of new Set([...loaded.values()].map((table) => table.runId))) {
    if ((await readStoredSettings(client, runId)).staying.length === 0) continue;
    for (const table of (await readPlan(client, runId)).tables)
      if (table.staying !== undefined && loaded.get(table.target)?.runId === runId)
        staying.set(table.target, table.staying);
  }
  return staying;
}

/** The same by source table, for a comparison. */
export async function stayingOf(client: TargetClient, schema: string, plan: Plan): Promise<Map<string, StayingRows>> {
  const staying = await readStaying(client, schema);
  return new Map(
    plan.tables.flatMap(({ source, target }) => {
      const rows = staying.get(target);
      return rows === undefined ? [] : [[source, rows] as const];
    }),
  );
}

/** Whether the rows that stay are what they were when the run was planned; true of a table without such rows. */
export async function isStayingAsHeld(client: TargetClient, table: TablePlan): Promise<boolean> {
  return table.staying === undefined || (await isAsLoaded(client, onlyStaying(table), table.staying.held));
}

/** Refuses what would take rows that stay for rows of the source. */
export function refuseStaying({ tables }: Pick<Plan, 'tables'>, what: string): void {
  const table = tables.find(({ staying }) => staying !== undefined);
  if (table === undefined) return;
  throw new CopierError(
    'plan.seeded_merge',
    `${what} does not know of the rows of its own that ${table.target} keeps; nothing was written`,
    {
      table: table.source,
      hint: 'load the tables anew with `pgferry migrate --keep-target-rows`, and prove it with `pgferry accept`',
    },
  );
}

interface Merging {
  readonly survey: Survey;
  readonly target: TargetCatalog;
  readonly table: TablePlan;
  readonly before: StayingRows | undefined;
}

/** The rows that stay, or why they cannot, in words. */
async function mergeTable(client: TargetClient, merging: Merging): Promise<StayingRows | string> {
  const { survey, target, table, before } = merging;
  const key = table.key.columns.map((index) => must(table.columns[index], 'key column'));
  const { primaryKey = [] } = target.tables.find(({ name }) => name === table.target) ?? {};
  const isKey = primaryKey.length === key.length && key.every((column) => primaryKey.includes(column.target));
  if (table.key.origin !== 'primary' || !isKey) return 'the table has no primary key on both sides';
  const other = key.find(({ kind }) => !comparable.has(kind.tag));
  if (other !== undefined)
    return `its key ${other.target} is ${other.targetType}, and only texts, integers and uuids are compared`;
  if (hasPolicies(table)) return 'policies of the table could remove or change rows that stay';
  if ((await countTargetRows(client, table.targetSchema, table.target)) > targetRowsMax)
    return `it has more than ${targetRowsMax} rows`;
  const loaded = (await readLoaded(client, table.targetSchema)).get(table.target);
  const previous = before === undefined ? null : { ...table, staying: before };
  const isOurs =
    previous !== null && (await isStayingAsHeld(client, previous)) && (await isAsLoaded(client, previous, loaded));
  const columns = key.map(({ target }) => target);
  const wanted = isOurs ? (before?.keys ?? []) : await readKeys(client, table, columns);
  const keys = await withoutSource(survey, { table, keys: wanted });
  if (keys.length > stayingMax) return `${keys.length} of its rows would stay, and at most ${stayingMax} can`;
  const staying = await heldNow(client, table, { columns, keys });
  if (isOurs && keys.length === wanted.length) return staying;
  const rest = { ...table, staying };
  if (hasUnplanned(await withUnhashed(client, rest, await fingerprintTable(client, rest))))
    return 'rows whose keys both sides have hold values in columns that the source does not have';
  const words = await describeDifferences(survey, rest);
  if (words === null) return 'its rows cannot be compared with those of the source';
  return words === '' ? staying : `keys of it are also in the source: ${words}`;
}

async function heldNow(
  client: TargetClient,
  table: TablePlan,
  keys: Pick<StayingRows, 'columns' | 'keys'>,
): Promise<StayingRows> {
  const none = { rows: 0, keyset: '', columns: [] };
  const mine = onlyStaying({ ...table, staying: { ...keys, held: none } });
  return { ...keys, held: await withUnhashed(client, mine, await fingerprintTable(client, mine)) };
}

async function readKeys(client: TargetClient, table: TablePlan, columns: readonly string[]): Promise<string[][]> {
  const list = columns.map((column) => `${quoteName(column)}::text COLLATE "C"`).join(', ');
  const rows = await client.query<{ key: string[] }>(
    `SELECT ARRAY[${list}] AS key FROM ${quoteTable(table.targetSchema, table.target)} ORDER BY ${columns.map(quoteName).join(', ')}`,
    [],
    { table: table.target },
  );
  return rows.map(({ key }) => key);
}

/** Those of the keys that no row of the source has. */
async function withoutSource(
  survey: Survey,
  { table, keys }: { readonly table: TablePlan; readonly keys: readonly (readonly string[])[] },
): Promise<(readonly string[])[]> {
  const columns = table.key.columns.map((index) => must(table.columns[index], 'key column'));
  const forms = columns.map(equalFormOf);
  const left = new Map(keys.map((key) => [JSON.stringify(key), key]));
  await survey.eachRow(
    table.source,
    columns.map(({ source }) => source),
    (values) => {
      left.delete(JSON.stringify(values.map((value, at) => asPrinted(forms[at]?.(value) ?? null, columns[at]))));
      return left.size > 0;
    },
  );
  return [...left.values()];
}

function noteOf(table: string, { columns, keys }: StayingRows): Finding {
  const named = namedKeys(keys.map((texts) => texts.map((text, i) => `${columns[i]}=${text}`).join(', ')));
  const message = `${countOf(keys.length, 'row')} of the target stay, whose keys the source does not have${named}`;
  return makeFinding({ severity: 'note', code: 'plan.seeded', table, message, hint: 'nothing to do' });
}

function refusal(table: string, why: string): Finding {
  const message = `rows of the target cannot stay beside those of the source: ${why}`;
  const hint =
    'make the rows equal on both sides, or give them other keys on the target; "seeded": "replace" in tableRules lets all rows of the target give way';
  return makeFinding({ severity: 'error', code: 'plan.seeded_merge', table, message, hint });
}
