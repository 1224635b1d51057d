import type { SchemaObject } from '../../model/schema.js';
import type { TargetAddress } from '../../model/target.js';

/*
 * What the tables of a translation are on the server, as this process has seen them: most tenants of a fleet have the same
 * schema, and what was read of one need not be made once more to be read of the next.
 */

/** More versions of one fleet's schema than these are rare, and are made anew. */
const draftsMax = 64;

const drafts = new Map<string, readonly SchemaObject[]>();

/** The objects that these statements make in a schema of this target; null where that was not seen yet. */
export function knownDraft(address: TargetAddress, statements: readonly string[]): readonly SchemaObject[] | null {
  return drafts.get(keyOf(address, statements)) ?? null;
}

/**
 * Keeps the objects that the statements made in `schema`. Those whose definition names it are others in another schema, and
 * none is kept then.
 */
export function keepDraft(
  address: TargetAddress,
  statements: readonly string[],
  { schema, objects }: { readonly schema: string; readonly objects: readonly SchemaObject[] },
): void {
  const namesSchema = objects.some(({ kind, definition }) => kind === 'column' && definition.includes(schema));
  if (namesSchema || drafts.size >= draftsMax) return;
  drafts.set(keyOf(address, statements), objects);
}

function keyOf({ host, port, database }: TargetAddress, statements: readonly string[]): string {
  return JSON.stringify([host, port, database, statements]);
}
