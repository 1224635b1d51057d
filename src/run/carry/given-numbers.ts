import type { TablePlan } from '../../model/plan.js';
import type { SourceCatalog } from '../../model/source.js';
import { readCatalog } from '../survey/survey.js';
import { readPlan } from '../plan/stored-plan.js';
import type { TargetClient } from '../../target/connection/client.js';
import { readGivenNumbers } from '../../target/schema/sequences.js';

/** Behind which number AUTOINCREMENT of a table of the source has to go on. */
export interface GivenNumber {
  readonly table: string;
  /** Decimal. */
  readonly value: string;
}

/**
 * What the target has handed out beyond the positions of the snapshot, by tables with AUTOINCREMENT: their rows may be gone
 * again, and the numbers are never given twice.
 */
export async function findGivenNumbers(
  client: TargetClient,
  schema: string,
  { tables, catalog }: { readonly tables: readonly TablePlan[]; readonly catalog: SourceCatalog },
): Promise<GivenNumber[]> {
  const keys = tables.flatMap((plan) => {
    const source = catalog.tables.find(({ name, isAutoincrement }) => name === plan.source && isAutoincrement);
    const column = plan.columns.find(({ source: name }) => name === source?.rowidAlias)?.target;
    return source === undefined || column === undefined ? [] : [{ source, target: plan.target, column }];
  });
  if (keys.length === 0) return [];
  const given = await readGivenNumbers(
    client,
    schema,
    keys.map(({ target }) => target),
  );
  return keys.flatMap(({ source, target, column }) => {
    const value = given.find((one) => one.table === target && one.column === column)?.value;
    if (value === undefined || BigInt(value) <= BigInt(source.sequence ?? 0)) return [];
    return [{ table: source.name, value }];
  });
}

/** Whether the target has handed out any such number since the snapshot of this run. */
export async function hasGivenNumbers(
  client: TargetClient,
  schema: string,
  { runId, snapshotPath }: { readonly runId: string; readonly snapshotPath: string },
): Promise<boolean> {
  const plan = await readPlan(client, runId);
  const catalog = await readCatalog(snapshotPath);
  return (await findGivenNumbers(client, schema, { tables: plan.tables, catalog })).length > 0;
}
