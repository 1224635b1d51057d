import { must } from '../../model/error.js';
import type { TargetClient } from '../connection/client.js';
import { readDetachable } from '../constraints/detachable.js';
import type { DetachableObject } from '../constraints/detachable-object.js';

/**
 * What is out of force for the rest of a transaction: a foreign key, or a unique index or constraint, last, after the
 * foreign keys that lean on it.
 */
export interface Lifted {
  readonly objects: readonly DetachableObject[];
}

interface Location {
  readonly schema: string;
  readonly table: string;
  readonly name: string;
}

/**
 * Removes a unique index of a table until `putBack`, in the same transaction. PostgreSQL checks row by row, so values
 * that move between rows (two that swap) collide on the way, though all are different in the end. Null where the index
 * cannot be removed.
 */
export async function liftIndex(client: TargetClient, { schema, table, name }: Location): Promise<Lifted | null> {
  const { objects } = await readDetachable(client, schema, [table]);
  const index = objects.find((object) => object.table === table && object.name === name && object.kind !== 'trigger');
  if (index === undefined) return null;
  const leaning = await client.query<{ schema: string; table: string; name: string }>(
    `SELECT n.nspname AS schema, c.relname AS table, con.conname AS name
       FROM pg_constraint con JOIN pg_class c ON c.oid = con.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
       JOIN pg_class i ON i.oid = con.conindid JOIN pg_namespace x ON x.oid = i.relnamespace
      WHERE con.contype = 'f' AND i.relname = $2 AND x.nspname = $1`,
    [schema, name],
  );
  const isLeaning = (object: DetachableObject) =>
    (object.kind === 'foreign_key' || object.kind === 'validation') &&
    leaning.some((key) => key.schema === object.schema && key.table === object.table && key.name === object.name);
  const lifted = [...objects.filter(isLeaning), index];
  const keys = lifted.filter(({ kind }) => kind === 'foreign_key').length;
  if (keys !== leaning.length) return null;
  for (const { dropSql, table: of } of lifted) if (dropSql !== null) await client.run(dropSql, [], { table: of });
  return { objects: lifted };
}

/**
 * Removes a foreign key until `putBack`, which makes it again NOT VALID, so that rows without their parent stay. Null
 * where it cannot be removed.
 */
export async function liftForeignKey(client: TargetClient, { schema, table, name }: Location): Promise<Lifted | null> {
  const { objects } = await readDetachable(client, schema, [table]);
  const key = objects.find((object) => object.kind === 'foreign_key' && object.name === name);
  if (key === undefined || key.dropSql === null) return null;
  await client.run(key.dropSql, [], { table });
  return { objects: [key] };
}

/** Makes again what was removed; fails where two rows are equal for PostgreSQL after all. */
export async function putBack(client: TargetClient, { objects }: Lifted): Promise<void> {
  const last = must(objects.at(-1), 'object');
  const keys = objects.slice(0, -1);
  for (const object of [last, ...keys.filter(isKey), ...keys.filter((one) => !isKey(one))]) {
    await client.query(`SELECT set_config('default_tablespace', $1, true)`, [object.tablespace ?? '']);
    const statements = [object.indexSql, object.constraintSql, ...object.extraSql];
    for (const sql of statements) if (sql !== null) await client.run(sql, [], { table: object.table });
  }
}

function isKey({ kind }: DetachableObject): boolean {
  return kind === 'foreign_key';
}
