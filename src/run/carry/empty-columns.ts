import type { TablePlan } from '../../model/plan.js';
import type { TargetClient } from '../../target/connection/client.js';
import { findLoaded } from '../../target/fingerprint/loaded.js';

/**
 * By source table the columns that held nothing but NULL at the switch, as the last run or round counted them: nobody has to
 * look there for a value. A column with a policy may have got its NULLs from that, and is not among them.
 */
export async function findEmptyColumns(
  client: TargetClient,
  schema: string,
  tables: readonly TablePlan[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const loaded = await findLoaded(client, schema);
  return new Map(
    tables.map(({ source, target, columns }) => {
      const known = loaded.find(({ table }) => table === target);
      const isEmpty = (name: string) =>
        known?.columns.some(({ column, nulls }) => column === name && nulls === known.rows) === true;
      const empty = columns.filter(({ source: name, policies }) => policies === undefined && isEmpty(name));
      return [source, empty.map(({ source: name }) => name)];
    }),
  );
}
