import type { SchemaReference } from '../../model/schema.js';
import type { SourceForeignKey } from '../../model/source.js';

/** Columns of a foreign key, and those that they refer to. */
export type Pairing = readonly [readonly string[], readonly string[]];

type Actions = Pick<SchemaReference, 'onDelete' | 'onUpdate' | 'deferrable'>;

/** Whether the same columns refer to the same ones, in any order of the pairs. */
export function isSamePairing(a: Pairing, b: Pairing): boolean {
  const pairs = ([own, other]: Pairing) => own.map((name, index) => `${name}\0${other[index] ?? ''}`).sort();
  return pairs(a).join('\0\0') === pairs(b).join('\0\0');
}

/** Whether a foreign key of the target does what SQLite's does when its parent goes or changes. */
export function hasActions(reference: Actions, key: SourceForeignKey): boolean {
  const { onDelete, onUpdate, deferrable } = key;
  const isSameDelete = reference.onDelete === onDelete.toUpperCase();
  return isSameDelete && reference.onUpdate === onUpdate.toUpperCase() && reference.deferrable === deferrable;
}

/** What a foreign key does, in SQL. */
export function describeActions({ onDelete, onUpdate, deferrable }: Actions): string {
  const words = { no: '', immediate: ' DEFERRABLE', deferred: ' DEFERRABLE INITIALLY DEFERRED' }[deferrable];
  return `ON DELETE ${onDelete} ON UPDATE ${onUpdate}${words}`;
}
