import type { TargetClient } from '../connection/client.js';
import type { DetachableObject } from './detachable-object.js';
import { ownTriggerSql } from '../schema/closed-tables.js';
import { fillsSearchSql } from '../schema/search-trigger.js';
import { quoteName, quoteTable } from '../../lib/quote.js';

interface TriggerRow {
  readonly schema: string;
  readonly table: string;
  readonly name: string;
  /** pg_trigger.tgenabled: O origin and local, A always, R replica. */
  readonly mode: 'O' | 'A' | 'R';
}

/**
 * Triggers that users made and that are enabled in any mode; they are disabled for the load, never dropped. Those that
 * only fill a tsvector stay on.
 */
export async function readTriggers(client: TargetClient, tableOids: readonly number[]): Promise<DetachableObject[]> {
  const rows = await client.query<TriggerRow & Record<string, unknown>>(
    `SELECT n.nspname AS schema, c.relname AS table, t.tgname AS name, t.tgenabled AS mode
       FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE t.tgrelid = ANY ($1::oid[]) AND NOT t.tgisinternal AND t.tgenabled <> 'D' AND NOT ${ownTriggerSql}
        AND NOT ${fillsSearchSql}
      ORDER BY n.nspname, c.relname, t.tgname`,
    [tableOids],
  );
  return rows.map(toObject);
}

function toObject(row: TriggerRow): DetachableObject {
  const modes = { O: 'ENABLE', A: 'ENABLE ALWAYS', R: 'ENABLE REPLICA' } as const;
  const alter = `ALTER TABLE ${quoteTable(row.schema, row.table)}`;
  const name = quoteName(row.name);
  return {
    kind: 'trigger',
    schema: row.schema,
    table: row.table,
    name: row.name,
    definition: '',
    tablespace: null,
    dropSql: `${alter} DISABLE TRIGGER ${name}`,
    indexSql: null,
    constraintSql: null,
    extraSql: [`${alter} ${modes[row.mode]} TRIGGER ${name}`],
  };
}
