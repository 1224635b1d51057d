import type { Finding } from '../../model/plan.js';
import { makeFinding } from '../../plan/findings/finding.js';
import { foldCase } from '../../lib/fold-case.js';
import type { TargetClient } from '../../target/connection/client.js';

interface Elsewhere {
  readonly schema: string;
  readonly tables: readonly string[];
}

/**
 * A warning where the schema has no tables although its tables were meant to be there: another schema of the database
 * has those of the source, or --truncate-target was named. To be called before the tables are translated. A schema that
 * the operator made up (a fleet's, a rehearsal's) is meant to be empty.
 */
export async function warnOfEmpty(
  client: TargetClient,
  asked: { readonly schema: string; readonly sources: readonly string[]; readonly truncateTarget: boolean },
): Promise<Finding[]> {
  const { schema, sources, truncateTarget } = asked;
  const elsewhere = schema === 'public' ? await findElsewhere(client, schema, sources) : null;
  if (elsewhere === null && !truncateTarget) return [];
  const first = `schema ${schema} had no tables, so they were translated from SQLite`;
  if (elsewhere === null) {
    const hint = 'nothing to do if that was meant; else drop them, let the application make its own, and run again';
    return [warning(`${first}, though --truncate-target speaks of tables that are there`, hint)];
  }
  const { schema: other, tables } = elsewhere;
  const hint = `if these were meant, run again with ?schema=${encodeURIComponent(other)} in the target url, and drop the tables that were made in ${schema}`;
  return [warning(`${first}; schema ${other} of this database has ${listed(tables)}`, hint)];
}

function warning(message: string, hint: string): Finding {
  return makeFinding({ severity: 'warning', code: 'plan.empty_target', message, hint });
}

const namedMax = 3;

function listed(tables: readonly string[]): string {
  const more = tables.length > namedMax ? ` and ${tables.length - namedMax} more of the source's names` : '';
  return `${tables.slice(0, namedMax).join(', ')}${more}`;
}

/** The schema that has most of the source's tables, by name; null where none has half of them. */
async function findElsewhere(
  client: TargetClient,
  schema: string,
  sources: readonly string[],
): Promise<Elsewhere | null> {
  const [most] = await client.query<Elsewhere & Record<string, unknown>>(
    `SELECT n.nspname::text AS schema, array_agg(c.relname::text ORDER BY c.relname COLLATE "C") AS tables
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind IN ('r', 'p') AND lower(c.relname COLLATE "C") = ANY ($2::text[])
        AND n.nspname NOT IN ($1, 'pgferry', 'information_schema') AND n.nspname NOT LIKE 'pg\\_%'
      GROUP BY n.nspname ORDER BY count(*) DESC, n.nspname COLLATE "C" LIMIT 1`,
    [schema, sources.map(foldCase)],
  );
  return most !== undefined && most.tables.length * 2 >= sources.length ? most : null;
}
