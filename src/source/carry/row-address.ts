import type { SourceTable } from '../../model/source.js';

/** By which columns a row is found again: its rowid, or its primary key. Null where neither can be named. */
export function addressOf({ rowidName, isWithoutRowid, primaryKey }: SourceTable): readonly string[] {
  if (!isWithoutRowid && rowidName !== null) return [rowidName];
  return primaryKey;
}
