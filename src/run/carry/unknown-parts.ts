import type { Uncarried } from '../../model/carry.js';
import type { TablePlan } from '../../model/plan.js';
import type { SourceTable } from '../../model/source.js';
import { countOf } from '../../report/units.js';
import { addressOf } from '../../source/carry/row-address.js';
import type { TargetClient } from '../../target/connection/client.js';
import { countValues, listStoredColumns } from '../../target/schema/carried-columns.js';
import type { StoredSchema } from '../plan/stored-plan.js';

/** What a column's definition has where the server computes it (target/schema/objects.ts). */
const computedMark = / GENERATED ALWAYS AS (?!IDENTITY)/;

/** A table of the target that is not what it was; null: it is gone. */
export interface WrittenSince {
  readonly table: string;
  readonly rowsNow: number | null;
  /** What the journal noted of it, where it names every row that changed. */
  readonly noted?: { readonly relations: readonly number[]; readonly count: number };
}

/** What has no place in SQLite: tables that no run filled, and tables that went away. */
export function findUnknownTables(
  changed: readonly WrittenSince[],
  planned: readonly TablePlan[],
  isSeeded: (table: string) => boolean,
): Uncarried[] {
  return changed.flatMap(({ table, rowsNow }): Uncarried[] => {
    const plan = planned.find(({ target }) => target === table);
    const nothing = { column: null, key: null };
    if (plan === undefined && rowsNow !== null) {
      const reason = isSeeded(table)
        ? 'the rows of it are the application’s own on PostgreSQL, as "seeded" of the config says, and changed there'
        : `SQLite has no such table for its ${countOf(rowsNow, 'row')}`;
      return [{ table, ...nothing, reason }];
    }
    if (plan !== undefined && rowsNow === null) {
      return [{ table: plan.source, ...nothing, reason: 'PostgreSQL has this table no more' }];
    }
    return [];
  });
}

/** Columns of a table that changed since it was filled: gone, of another type, or new and with values. */
export async function findUnknownColumns(
  client: TargetClient,
  schema: string,
  {
    plan,
    source,
    stored,
  }: { readonly plan: TablePlan; readonly source: SourceTable; readonly stored: StoredSchema | null },
): Promise<Uncarried[]> {
  const now = await listStoredColumns(client, schema, plan.target);
  const found: Uncarried[] = [];
  if (addressOf(source).length === 0) {
    const reason = 'its columns hide the rowid, and it has no primary key by which a row could be found again';
    found.push({ table: plan.source, column: null, key: null, reason });
  }
  for (const { source: column, target, targetType } of plan.columns) {
    const type = now.find(({ name }) => name === target)?.type;
    if (type === targetType) continue;
    const reason =
      type === undefined
        ? `PostgreSQL has no column ${target} any more`
        : `its type was ${targetType}, and is ${type} now`;
    found.push({ table: plan.source, column, key: null, reason });
  }
  for (const { name } of now) {
    if (plan.columns.some(({ target }) => target === name)) continue;
    const before = stored?.objects.find(
      (one) => one.kind === 'column' && one.table === plan.target && one.name === name,
    );
    if (before !== undefined && computedMark.test(before.definition)) {
      const reason = 'PostgreSQL computed it when it was filled, and stores what is written there now';
      found.push({ table: plan.source, column: name, key: null, reason });
      continue;
    }
    // A column that was there before the load, and that nothing of SQLite fills, keeps what belongs to PostgreSQL alone.
    if (stored === null || before !== undefined) continue;
    const count = await countValues(client, { schema, table: plan.target, column: name });
    if (count === 0) continue;
    const reason = `SQLite has no such column for its ${countOf(count, 'value')}`;
    found.push({ table: plan.source, column: name, key: null, reason });
  }
  return found;
}
