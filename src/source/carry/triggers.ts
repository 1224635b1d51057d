import { foldCase } from '../../lib/fold-case.js';
import { readTokens } from '../catalog/tokens.js';
import type { Database } from '../sqlite.js';

export interface Trigger {
  readonly name: string;
  readonly sql: string;
}

/**
 * The triggers that must not fire while rows come from elsewhere, in the order in which they were made: all but those that
 * name a virtual table which does not get rows of its own.
 */
export function triggersToSetAside(db: Database, carried: readonly string[] = []): Trigger[] {
  const own = new Set(carried.map(foldCase));
  const virtual = new Set(
    db
      .prepare<[], { name: string }>(
        "SELECT name FROM main.sqlite_schema WHERE type = 'table' AND sql LIKE 'CREATE VIRTUAL TABLE%'",
      )
      .all()
      .map(({ name }) => foldCase(name))
      .filter((name) => !own.has(name)),
  );
  return db
    .prepare<[], Trigger>("SELECT name, sql FROM main.sqlite_schema WHERE type = 'trigger' ORDER BY rowid")
    .all()
    .filter(({ sql }) => {
      for (const { text } of readTokens(sql)) if (virtual.has(foldCase(text))) return false;
      return true;
    });
}
