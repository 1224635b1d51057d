import { quoteName } from '../../lib/quote.js';
import type { SchemaObject } from '../../model/schema.js';
import type { TargetAddress } from '../../model/target.js';

/*
 * What the tables of a translation are on the server, as this process has seen them: most tenants of a fleet have the same
 * schema, and what was read of one need not be made once more to be read of the next.
 */

/** More versions of one fleet's schema than these are rare, and are made anew. */
const draftsMax = 64;

const drafts = new Map<string, readonly SchemaObject[]>();

/** A translation, as statements that make it in this schema. */
interface Draft {
  readonly schema: string;
  readonly statements: readonly string[];
}

/** The objects that these statements make in a schema of this target; null where that was not seen yet. */
export function knownDraft(address: TargetAddress, draft: Draft): readonly SchemaObject[] | null {
  return drafts.get(keyOf(address, draft)) ?? null;
}

/**
 * Keeps the objects that the statements made. Columns whose definition names the schema are others in another one, and
 * nothing is kept then.
 */
export function keepDraft(address: TargetAddress, draft: Draft, objects: readonly SchemaObject[]): void {
  const namesSchema = objects.some(({ kind, definition }) => kind === 'column' && definition.includes(draft.schema));
  if (namesSchema || drafts.size >= draftsMax) return;
  drafts.set(keyOf(address, draft), objects);
}

/** The same for every schema in which the statements say the same. */
function keyOf({ host, port, database }: TargetAddress, { schema, statements }: Draft): string {
  const named = `${quoteName(schema)}.`;
  return JSON.stringify([host, port, database, statements.map((sql) => sql.split(named).join(''))]);
}
