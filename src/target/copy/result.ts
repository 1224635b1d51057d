import { CopierError, must } from '../../model/error.js';
import { beginReading } from '../connection/connect.js';
import type { TargetClient } from '../connection/client.js';
import { withTransaction } from '../connection/transaction.js';
import { quoteName } from '../../lib/quote.js';
import type { TargetAddress } from '../../model/target.js';

/** The first rows of a statement as PostgreSQL prints them. */
export interface TargetResult {
  /** The type is pg_type.typname. */
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly rows: readonly (readonly (string | null)[])[];
  /** How long the server took for each run, the way to it and back included. */
  readonly ms: readonly number[];
}

/**
 * Runs `use` in one read-only transaction of one moment, or of the exported snapshot `frozenAs`, in which names without
 * a schema are looked up in the target's own. Nothing that a statement has set or locked outlives it.
 */
export async function withReading<T>(
  client: TargetClient,
  { schema, frozenAs }: TargetAddress,
  use: () => Promise<T>,
): Promise<T> {
  await beginReading(client, frozenAs);
  try {
    await client.query(`SET LOCAL search_path TO ${quoteName(schema)}, pg_catalog`);
    return await use();
  } finally {
    // Where this fails, the session is gone with all that it held.
    await client.run('ROLLBACK; SELECT pg_catalog.pg_advisory_unlock_all()').catch(() => undefined);
  }
}

/** How often a read is run at most; it is not run again once its runs have taken this long together. */
export interface Repeats {
  readonly times: number;
  readonly ms: number;
}

/** Whether a read that took so long each time is run again. */
export function isRunAgain(ms: readonly number[], repeats: Repeats): boolean {
  return ms.length < repeats.times && ms.reduce((sum, one) => sum + one, 0) < repeats.ms;
}

/**
 * Runs one SELECT a number of times through a cursor, and gives its first rows. Throws `target.read_refused` with the
 * SQLSTATE; the transaction goes on.
 */
export async function readTargetResult(
  client: TargetClient,
  { sql, values }: { readonly sql: string; readonly values: readonly (string | null)[] },
  { rowsMax, repeats }: { readonly rowsMax: number; readonly repeats: Repeats },
): Promise<TargetResult> {
  // The extended protocol takes one statement and no more.
  const declare = {
    text: `DECLARE pgferry_read NO SCROLL CURSOR FOR ${sql}`,
    values: [...values],
    queryMode: 'extended',
  };
  const fetch = {
    text: `FETCH ${rowsMax} FROM pgferry_read; CLOSE pgferry_read`,
    rowMode: 'array',
    types: { getTypeParser: () => (text: string) => text },
  };
  try {
    return await withTransaction(client, async () => {
      const ms: number[] = [];
      for (;;) {
        const beganAtMs = performance.now();
        await client.raw.query(declare as never);
        const [fetched] = (await client.raw.query(fetch as never)) as unknown as readonly Fetched[];
        ms.push(performance.now() - beganAtMs);
        if (!isRunAgain(ms, repeats)) return { ...(await named(client, must(fetched, 'what was fetched'))), ms };
      }
    });
  } catch (error) {
    throw refused(client, error);
  }
}

interface Fetched {
  readonly fields: readonly { readonly name: string; readonly dataTypeID: number }[];
  readonly rows: readonly (readonly (string | null)[])[];
}

/** Names of types by oid, as each session has seen them: within a run nobody gives a type another name. */
const typeNames = new WeakMap<TargetClient, Map<number, string>>();

async function named(client: TargetClient, { fields, rows }: Fetched): Promise<Omit<TargetResult, 'ms'>> {
  const names = typeNames.get(client) ?? new Map<number, string>();
  typeNames.set(client, names);
  const oids = [...new Set(fields.map(({ dataTypeID }) => dataTypeID))].filter((oid) => !names.has(oid));
  const found =
    oids.length === 0
      ? []
      : await client.query<{ oid: string; name: string }>(
          `SELECT oid::text AS oid, CASE typtype WHEN 'e' THEN 'enum' ELSE typname END AS name FROM pg_catalog.pg_type WHERE oid = ANY($1::oid[])`,
          [oids],
        );
  for (const { oid, name } of found) names.set(Number(oid), name);
  return { columns: fields.map(({ name, dataTypeID }) => ({ name, type: names.get(dataTypeID) ?? '' })), rows };
}

function refused(client: TargetClient, error: unknown): unknown {
  const state = (error as { readonly code?: unknown }).code;
  if (client.isBroken || !(error instanceof Error) || typeof state !== 'string' || !/^[0-9A-Z]{5}$/.test(state))
    return error instanceof CopierError ? error : client.failure(error, { doing: 'running a shadow read' });
  return new CopierError('target.read_refused', `postgres: ${error.message}`, {
    hint: 'check the read; it must be one SELECT that postgres understands',
    cause: error,
    foreignCode: state,
  });
}
