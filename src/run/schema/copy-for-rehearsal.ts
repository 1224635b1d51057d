import type { Plan } from '../../model/plan.js';
import type { TargetTable } from '../../model/target.js';
import { isLeftToSeeds } from '../../plan/rules/seeded.js';
import { countOf } from '../../report/units.js';
import type { TargetClient } from '../../target/connection/client.js';
import { readTargetCatalog } from '../../target/schema/catalog.js';
import { copySchema } from '../../target/schema/copy-schema.js';
import type { Context } from '../context.js';
import { findStoredOrigin } from '../plan/schema-check.js';

/**
 * Makes the application's own tables once more in the schema of a rehearsal, so that whatever of them rejects a row does so
 * there too. Tables that the move does not fill come with their rows, where foreign keys tie them to those that it does, or
 * the application's own rows are kept.
 * Nothing is made where the move itself makes the tables: the rehearsal makes them in the same way.
 */
export async function copyForRehearsal(
  { settings, journal }: Context,
  client: TargetClient,
  { from, to, plan }: { readonly from: string; readonly to: string; readonly plan: Plan },
): Promise<void> {
  if (settings.resetSchema) return;
  const { tables } = await readTargetCatalog(client, from);
  if (tables.length === 0 || (await findStoredOrigin(client, from))?.isTranslated === true) return;
  const filled = new Set(plan.tables.map(({ target }) => target));
  const tied = new Set(tiedTo(filled, tables));
  const rowsOf = tables
    .filter((table) => tied.has(table) || isLeftToSeeds(settings.tableRules, table.name))
    .filter(({ hasRows }) => hasRows)
    .map(({ name }) => name);
  const withTriggers = !settings.keepConstraints;
  const made = await copySchema(client, { from, to, withTriggers, rowsOf });
  const rows = rowsOf.length === 0 ? '' : `, and the rows of ${rowsOf.join(', ')}`;
  journal.note(`rehearsed in a copy of schema ${from}: ${countOf(made.tables, 'table')} with keys and checks${rows}`);
  if (made.leftOut.length > 0)
    journal.warn(
      `foreign keys to other schemas are not rehearsed: ${made.leftOut.join(', ')}; the plan has looked at their rows`,
    );
  const triggers = tables.flatMap((table) => table.triggers);
  if (!withTriggers && triggers.length > 0)
    journal.warn(
      `triggers stay on in the move and are not rehearsed, since they may write elsewhere: ${triggers.join(', ')}`,
    );
}

/** Tables that are not filled, and that foreign keys tie to those that are, by way of others too. */
function tiedTo(filled: ReadonlySet<string>, tables: readonly TargetTable[]): TargetTable[] {
  const tied = new Set(filled);
  for (let before = -1; before !== tied.size; ) {
    before = tied.size;
    for (const { name, schema, foreignKeys } of tables)
      for (const { parentSchema, parentTable } of foreignKeys) {
        if (parentSchema !== schema) continue;
        if (tied.has(name)) tied.add(parentTable);
        if (tied.has(parentTable)) tied.add(name);
      }
  }
  return tables.filter(({ name }) => tied.has(name) && !filled.has(name));
}
