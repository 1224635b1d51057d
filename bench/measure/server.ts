import { quoteIdentifier } from '../../src/lib/quote.js';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import pg from 'pg';
import { startEmbedded, stopEmbedded } from '../../src/target/embedded/embedded.js';
import { findPostmaster } from './cpu.js';
import { addressUrl } from './target-url.js';

/*
 * The benchmark's own access to PostgreSQL. It shares no code with the tool that it measures, so that the floor does
 * not become slower, or faster, together with it.
 */

/** Settings that decide what a measurement means; they are written into every result. */
const reportedSettings = [
  'fsync',
  'synchronous_commit',
  'full_page_writes',
  'wal_level',
  'wal_compression',
  'max_wal_size',
  'checkpoint_timeout',
  'shared_buffers',
  'maintenance_work_mem',
  'max_parallel_maintenance_workers',
  'autovacuum',
] as const;

export interface ServerFacts {
  readonly version: string;
  readonly settings: Readonly<Record<string, string>>;
  /** The server's main process on this machine; null where it is elsewhere, and its CPU cannot be read. */
  readonly postmaster: number | null;
}

/** Lends a client and closes it afterwards. */
export async function withClient<T>(url: string, use: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, application_name: 'pgferry bench' });
  // A connection that is lost while idle emits an error here; the next query on it fails with the same error.
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}

/** Reads facts about the server once, before anything is measured. */
export async function readServerFacts(url: string): Promise<ServerFacts> {
  return withClient(url, async (client) => {
    const settings: Record<string, string> = {};
    for (const name of reportedSettings) {
      const { rows } = await client.query<{ value: string }>('SELECT current_setting($1, true) AS value', [name]);
      settings[name] = rows[0]?.value ?? 'unknown';
    }
    const { rows } = await client.query<{ version: string; pid: number }>(
      'SELECT version() AS version, pg_backend_pid() AS pid',
    );
    return { version: rows[0]?.version ?? '', settings, postmaster: findPostmaster(rows[0]?.pid ?? 0) };
  });
}

/** The URL of another database on the same server. */
export function urlOf(serverUrl: string, database: string): string {
  const url = new URL(serverUrl);
  url.pathname = `/${database}`;
  return url.href;
}

/** A URL without its password, which may be shown and stored. */
export function withoutPassword(url: string): string {
  const shown = new URL(url);
  if (shown.password !== '') shown.password = '***';
  shown.searchParams.delete('password');
  return shown.href;
}

/** The environment that psql and similar programs need to reach the same database. */
export function environmentOf(url: string): Record<string, string> {
  const { hostname, port, pathname, username, password } = new URL(url);
  return {
    PGHOST: hostname,
    PGPORT: port === '' ? '5432' : port,
    PGDATABASE: decodeURIComponent(pathname.slice(1)),
    PGUSER: decodeURIComponent(username),
    ...(password === '' ? {} : { PGPASSWORD: decodeURIComponent(password) }),
  };
}

/** Lends the URL of the server that was named, or of an embedded one in a folder, that is stopped again if we started it. */
export async function withBenchServer<T>(
  target: string | null,
  folder: string,
  use: (url: string) => Promise<T>,
): Promise<T> {
  if (target !== null) return use(target);
  const serverFolder = join(folder, 'server');
  const { address, wasRunning } = await startEmbedded({ folder: serverFolder });
  try {
    return await use(addressUrl(address));
  } finally {
    if (!wasRunning) await stopEmbedded(serverFolder);
  }
}

/** Lends the URL of a new, empty database with a unique name, and drops it afterwards. */
export async function withBenchDatabase<T>(serverUrl: string, use: (url: string) => Promise<T>): Promise<T> {
  const database = `pgferry_bench_${randomBytes(4).toString('hex')}`;
  await withClient(serverUrl, (client) => client.query(`CREATE DATABASE "${database}" TEMPLATE template0`));
  try {
    return await use(urlOf(serverUrl, database));
  } finally {
    await withClient(serverUrl, (client) => client.query(`DROP DATABASE "${database}" WITH (FORCE)`));
  }
}

/**
 * Writes out all dirty pages of earlier work, so that they do not slow the next measurement down. Does nothing where
 * the role may not.
 */
export async function settle(serverUrl: string): Promise<void> {
  await withClient(serverUrl, async (client) => {
    const { rows } = await client.query<{ may: boolean }>(
      `SELECT rolsuper AS may FROM pg_roles WHERE rolname = current_user`,
    );
    if (rows[0]?.may === true) await client.query('CHECKPOINT');
  });
}

/** Rows of each table, counted. */
export async function countRows(url: string, tables: readonly string[]): Promise<Record<string, number>> {
  return withClient(url, async (client) => {
    const counts: Record<string, number> = {};
    for (const table of tables) {
      const { rows } = await client.query<{ count: string }>(`SELECT count(*) AS count FROM ${quoteIdentifier(table)}`);
      counts[table] = Number(rows[0]?.count);
    }
    return counts;
  });
}
