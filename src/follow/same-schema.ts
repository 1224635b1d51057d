import { CopierError } from '../model/error.js';
import type { Database } from '../source/sqlite.js';

interface SchemaRow {
  readonly type: string;
  readonly name: string;
  readonly sql: string | null;
}

const query = (database: string) =>
  `SELECT type, name, sql FROM ${database}.sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY type, name`;

/**
 * Refuses two files of different schemas (`plan.schema_changed`), by what their catalogs say of every table, index, view and
 * trigger. Not by schema_version alone: VACUUM raises it, and so does whatever is made and dropped again. `db` is the newer
 * file, with the older one attached as `base`.
 */
export function refuseOtherSchema(db: Database): void {
  const idOf = (database: string) => String(db.pragma(`${database}.application_id`, { simple: true }));
  if (idOf('base') !== idOf('main')) throw changed(`its application_id was ${idOf('base')}, is now ${idOf('main')}`);
  const old = readSchema(db, 'base');
  const now = readSchema(db, 'main');
  for (const [key, row] of old) {
    const after = now.get(key);
    if (after === undefined) throw changed(`${row.type} ${row.name} is gone`);
    if (after.sql !== row.sql) throw changed(`${row.type} ${row.name} is another one`);
  }
  for (const [key, row] of now) if (!old.has(key)) throw changed(`${row.type} ${row.name} is new`);
}

function readSchema(db: Database, database: string): Map<string, SchemaRow> {
  const rows = db.prepare<[], SchemaRow>(query(database)).all();
  return new Map(rows.map((row) => [`${row.type} ${row.name}`, row]));
}

function changed(what: string): CopierError {
  return new CopierError('plan.schema_changed', `the schema of the source changed since the snapshot before: ${what}`, {
    hint: 'rows alone can be followed: migrate anew with --truncate-target, or take the change of the schema back',
  });
}
