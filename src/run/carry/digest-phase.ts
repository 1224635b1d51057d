import type { TableDigest } from '../../model/cutover.js';
import type { PhaseName } from '../../model/event.js';
import type { TargetClient } from '../../target/connection/client.js';
import { digestTables } from '../../target/fingerprint/digest.js';
import type { Journal } from '../journal.js';
import { TableCount } from '../table-count.js';

/** The digests of all tables of a schema, taken as a phase that says how far it is. */
export async function digestInPhase(
  journal: Journal,
  name: PhaseName,
  { client, schema }: { readonly client: TargetClient; readonly schema: string },
): Promise<TableDigest[]> {
  const count = new TableCount();
  return await journal.phase(
    name,
    () => digestTables(client, schema, count.note),
    () => count.progress(name),
  );
}
