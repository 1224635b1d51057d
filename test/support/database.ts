import { randomBytes } from 'node:crypto';
import pg from 'pg';

/** The server that `make test` started for this run; a test never brings its own unless it must kill it. */
export function serverUrl(): string {
  const url = process.env['PGFERRY_TEST_URL'];
  if (url === undefined) throw new Error('PGFERRY_TEST_URL is not set: run the tests with `make test`');
  return url;
}

/** The same server, another database. */
export function databaseUrl(database: string): string {
  const url = new URL(serverUrl());
  url.pathname = `/${database}`;
  return url.href;
}

/**
 * Lends a fresh database and a client on it; drops both afterwards. It is empty, or a copy of the database `template`, to
 * which nobody may be connected then.
 */
export async function withDatabase<T>(
  use: (url: string, client: pg.Client) => Promise<T>,
  template = 'template1',
): Promise<T> {
  const database = `t_${randomBytes(6).toString('hex')}`;
  await onServer(`CREATE DATABASE ${database} TEMPLATE ${template}`);
  const url = databaseUrl(database);
  const client = new pg.Client({ connectionString: url });
  try {
    await client.connect();
    return await use(url, client);
  } finally {
    await client.end();
    await onServer(`DROP DATABASE ${database} WITH (FORCE)`);
  }
}

/** Fills a database and lends its name, for tests that each begin with a copy of it. */
export async function withTemplate(fill: (url: string) => Promise<void>, use: (template: string) => Promise<void>) {
  await withDatabase(async (url, client) => {
    await fill(url);
    await client.end();
    await use(new URL(url).pathname.slice(1));
  });
}

async function onServer(sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: serverUrl() });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

/** The type of each column of a table, as PostgreSQL writes it. */
export async function typesOf(client: pg.Client, table: string): Promise<Record<string, string>> {
  const { rows } = await client.query<{ name: string; type: string }>(
    `SELECT attname::text AS name, format_type(atttypid, atttypmod) AS type FROM pg_attribute
      WHERE attrelid = $1::regclass AND attnum > 0 ORDER BY attnum`,
    [table],
  );
  return Object.fromEntries(rows.map(({ name, type }) => [name, type]));
}

/** SQL of a function for an index by which the plan cannot tell what is equal: it answers to the index alone, with `body` run first. */
export function ofIndexAlone(name: string, body = 'NULL'): string {
  return `CREATE FUNCTION ${name} (v text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS
    $$ BEGIN IF current_query() LIKE '%pgferry_key%' THEN RAISE 'not here'; END IF; ${body}; RETURN lower(v); END $$;`;
}
