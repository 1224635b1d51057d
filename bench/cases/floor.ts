import { quoteIdentifier } from '../../src/lib/quote.js';
import type pg from 'pg';
import { type CopyFile, loadCopyFile } from '../data/copy-files.js';
import { withServerCpu } from '../measure/cpu.js';
import { settle, withBenchDatabase, withClient } from '../measure/server.js';

/*
 * The floor: what the server needs when the client has nothing to do. Prepared binary COPY files go down as many
 * connections as our copy uses, into tables without keys and indexes; then the same keys, indexes and foreign keys are
 * made over the same connections. The streams run in one process: reading ready bytes and writing them to sockets
 * needs so little CPU that this was as fast as one psql per stream, at half its CPU.
 */

export interface FloorOptions {
  readonly serverUrl: string;
  readonly schemaSql: string;
  readonly files: readonly CopyFile[];
  readonly streams: number;
  /** The server's main process; null where it is on another machine. */
  readonly postmaster: number | null;
}

export interface FloorResult {
  readonly loadMs: number;
  readonly indexMs: number;
  /** CPU of this process meanwhile, ms. */
  readonly cpuMs: number;
  readonly serverCpuMs: number | null;
}

/** Per connection while indexes are made, so that the floor does not lose by its sorts. */
const maintenanceMemory = '256MB';

/** Measures one pass of the floor in a database of its own. */
export async function measureFloor(options: FloorOptions): Promise<FloorResult> {
  return withBenchDatabase(options.serverUrl, async (url) => {
    const steps = await makeBareTables(url, options.schemaSql);
    await settle(options.serverUrl);
    const cpuBefore = process.cpuUsage();
    const { done, serverCpuMs } = await withServerCpu(options.postmaster, () => runFloor(url, options, steps));
    const cpu = process.cpuUsage(cpuBefore);
    return { ...done, cpuMs: (cpu.user + cpu.system) / 1000, serverCpuMs };
  });
}

async function runFloor(
  url: string,
  options: FloorOptions,
  steps: LaterSteps,
): Promise<{ loadMs: number; indexMs: number }> {
  const start = performance.now();
  await loadFiles(url, options);
  const loaded = performance.now();
  await runStatements(url, options.streams, steps.indexes);
  await runStatements(url, options.streams, steps.foreignKeys);
  return { loadMs: loaded - start, indexMs: performance.now() - loaded };
}

async function loadFiles(url: string, { files, streams }: FloorOptions): Promise<void> {
  const biggestFirst = [...files].sort((a, b) => b.bytes - a.bytes);
  await inParallel({ url, streams, work: biggestFirst }, loadCopyFile);
}

async function runStatements(url: string, streams: number, statements: readonly string[]): Promise<void> {
  await inParallel({ url, streams, work: statements }, async (client, sql) => {
    await client.query(`SET maintenance_work_mem = '${maintenanceMemory}'`);
    await client.query(sql);
  });
}

interface Parallel<T> {
  readonly url: string;
  readonly streams: number;
  readonly work: readonly T[];
}

/** Does the pieces of work in order over as many connections; after a failure no further one is begun, and all have ended. */
async function inParallel<T>(
  { url, streams, work }: Parallel<T>,
  use: (client: pg.Client, piece: T) => Promise<void>,
): Promise<void> {
  const queue = [...work];
  const stream = (): Promise<void> =>
    withClient(url, async (client) => {
      for (let piece = queue.shift(); piece !== undefined; piece = queue.shift()) {
        try {
          await use(client, piece);
        } catch (error) {
          queue.length = 0;
          throw error;
        }
      }
    });
  const ends = await Promise.allSettled(Array.from({ length: streams }, stream));
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}

interface LaterSteps {
  readonly indexes: readonly string[];
  readonly foreignKeys: readonly string[];
}

interface Constraint {
  readonly table: string;
  readonly name: string;
  readonly type: 'p' | 'u' | 'f';
  readonly definition: string;
}

interface Index {
  readonly name: string;
  readonly definition: string;
}

const constraintsSql = `
  SELECT r.relname AS table, c.conname AS name, c.contype AS type, pg_get_constraintdef(c.oid) AS definition
    FROM pg_constraint c JOIN pg_class r ON r.oid = c.conrelid
   WHERE c.connamespace = 'public'::regnamespace AND c.contype IN ('p', 'u', 'f')
   ORDER BY c.contype = 'f' DESC, r.relname, c.conname`;

const indexesSql = `
  SELECT i.relname AS name, pg_get_indexdef(i.oid) AS definition
    FROM pg_class i JOIN pg_index x ON x.indexrelid = i.oid
   WHERE i.relnamespace = 'public'::regnamespace
   ORDER BY i.relname`;

/** Makes the schema, and removes its keys, indexes and foreign keys again; returns the statements that make them. */
async function makeBareTables(url: string, schemaSql: string): Promise<LaterSteps> {
  return withClient(url, async (client) => {
    await client.query(schemaSql);
    const { rows: constraints } = await client.query<Constraint>(constraintsSql);
    for (const { table, name } of constraints) {
      await client.query(`ALTER TABLE ${quoteIdentifier(table)} DROP CONSTRAINT ${quoteIdentifier(name)}`);
    }
    const { rows: indexes } = await client.query<Index>(indexesSql);
    for (const { name } of indexes) await client.query(`DROP INDEX ${quoteIdentifier(name)}`);
    const add = ({ table, name, definition }: Constraint): string =>
      `ALTER TABLE ${quoteIdentifier(table)} ADD CONSTRAINT ${quoteIdentifier(name)} ${definition}`;
    return {
      indexes: [
        ...constraints.filter(({ type }) => type !== 'f').map(add),
        ...indexes.map(({ definition }) => definition),
      ],
      foreignKeys: constraints.filter(({ type }) => type === 'f').map(add),
    };
  });
}
