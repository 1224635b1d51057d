import type { TableDigest } from '../../model/cutover.js';
import { type PhaseName, plainProgress } from '../../model/event.js';
import type { TargetClient } from '../../target/connection/client.js';
import { digestTables } from '../../target/fingerprint/digest.js';
import type { Journal } from '../journal.js';

/** The digests of all tables of a schema, taken as a phase that says how far it is. */
export async function digestInPhase(
  journal: Journal,
  name: PhaseName,
  { client, schema }: { readonly client: TargetClient; readonly schema: string },
): Promise<TableDigest[]> {
  let progress = plainProgress(name, 'tables', 0, null);
  const onTable = (done: number, total: number) => {
    progress = plainProgress(name, 'tables', done, total);
  };
  return await journal.phase(
    name,
    () => digestTables(client, schema, onTable),
    () => progress,
  );
}
