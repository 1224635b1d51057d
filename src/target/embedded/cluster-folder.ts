import { randomBytes } from 'node:crypto';
import { chmod, chown, readdir, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { makeIgnoredFolder } from '../../lib/ignored-folder.js';
import { hasUnixSockets } from '../../platform/system.js';
import { CopierError } from '../../model/error.js';
import type { ServerUser } from './server-user.js';

/*
 * What lies in the folder of an embedded server:
 *   pgferry.json  the marker: this folder is ours; it keeps the port
 *   password      of the superuser; pgpass has the same for psql; both 0600
 *   data          the cluster; init while initdb is at work
 *   log           of the server
 *   lock          while one of us starts or stops it
 */
const markerName = 'pgferry.json';
/** sun_path is 108 bytes on Linux, 104 elsewhere; with its end and the longest port. */
const socketPathBytesMax = 103;

/** Makes the folder (0700) and marks it as ours. A folder that has content but no marker is never used. */
export async function prepareFolder(path: string): Promise<string> {
  try {
    makeIgnoredFolder(path);
    const folder = await realpath(path);
    if (await isOurs(folder)) return folder;
    if (!(await isUnused(folder))) throw notOurs(folder);
    await chmod(folder, 0o700);
    return folder;
  } catch (error) {
    if (error instanceof CopierError) throw error;
    throw new CopierError('target.embedded_folder', `cannot use ${path} for the embedded postgres: ${said(error)}`, {
      hint: 'use the account that made the folder, or name another folder or a server with POSTGRES_DATABASE_URL',
      cause: error,
    });
  }
}

/**
 * Whether the folder holds nothing but a lock and a draft of the marker, which another process that starts at the same
 * time may have made.
 */
async function isUnused(folder: string): Promise<boolean> {
  const ours = /^(\.gitignore|lock(\.dead)?(\.\d+)?|pgferry\.json(\.new)?)$/;
  const names = await readdir(folder);
  if (names.every((name) => ours.test(name) && name !== markerName)) return true;
  return isOurs(folder);
}

function said(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The real path of a folder that is ours; null where it is absent or empty. Any other folder is refused. */
export async function findFolder(path: string): Promise<string | null> {
  const folder = await realpath(path).catch(() => null);
  if (folder === null) return null;
  if (await isOurs(folder)) return folder;
  if ((await readdir(folder)).length === 0) return null;
  throw notOurs(folder);
}

async function isOurs(folder: string): Promise<boolean> {
  try {
    await readPort(folder);
    return true;
  } catch {
    return false;
  }
}

/** The port that is stored in the folder. */
export async function readPort(folder: string): Promise<number> {
  const marker: unknown = JSON.parse(await readFile(join(folder, markerName), 'utf8'));
  const port = typeof marker === 'object' && marker !== null && 'port' in marker ? marker.port : null;
  if (typeof port === 'number' && Number.isInteger(port) && port > 0 && port < 65536) return port;
  throw notOurs(folder);
}

/** Stores the port in the folder's marker. */
export async function writePort(folder: string, port: number): Promise<void> {
  await replaceFile(join(folder, markerName), `${JSON.stringify({ app: 'pgferry', version: 1, port })}\n`, null);
}

/** The superuser's password; null before the first start. */
export async function readPassword(folder: string): Promise<string | null> {
  return readFile(join(folder, 'password'), 'utf8').then(
    (text) => text.trim(),
    () => null,
  );
}

/** Makes the password of a new cluster; the server's user must be able to read it. */
export async function makePassword(folder: string, user: ServerUser | null): Promise<string> {
  const password = randomBytes(18).toString('base64url');
  await replaceFile(join(folder, 'password'), `${password}\n`, user);
  return password;
}

/** The file for PGPASSFILE; libpq takes it only with mode 0600. */
export async function writePgpass(folder: string, port: number, user: string, password: string): Promise<void> {
  await replaceFile(join(folder, 'pgpass'), `127.0.0.1:${port}:*:${user}:${password}\n`, null);
}

/** The settings that differ from PostgreSQL's own; the cluster's postgresql.conf includes this file. */
export async function writeSettings(
  folder: string,
  settings: Readonly<Record<string, string>>,
  user: ServerUser | null,
): Promise<void> {
  const lines = Object.entries(settings).map(([name, value]) => {
    return `${name} = '${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'\n`;
  });
  await replaceFile(join(folder, 'data', 'pgferry.conf'), lines.join(''), user);
}

/** The folder itself, for unix sockets, where its path is short enough for a socket's address; else none. */
export function socketFolder(folder: string): string {
  const isShort = Buffer.byteLength(join(folder, '.s.PGSQL.65535')) <= socketPathBytesMax;
  // A list is read from the setting, so a comma or a quote in the path would cut it.
  return hasUnixSockets() && isShort && !/[,"'\\]/.test(folder) ? folder : '';
}

/** The wanted port where it is free, else any free one. */
export async function findFreePort(wanted: number | null): Promise<number> {
  const port = wanted === null ? null : await tryPort(wanted);
  const found = port ?? (await tryPort(0));
  if (found !== null) return found;
  throw new CopierError('target.unreachable', 'no port on 127.0.0.1 is free', { hint: 'close some servers' });
}

function tryPort(port: number): Promise<number | null> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(null));
    server.listen(port, '127.0.0.1', () => {
      const bound = server.address();
      server.close(() => resolve(bound !== null && typeof bound === 'object' ? bound.port : null));
    });
  });
}

/** Writes a second file and renames it, so that a crash leaves either the old or the new file. */
async function replaceFile(path: string, text: string, user: ServerUser | null): Promise<void> {
  const draft = `${path}.new`;
  await rm(draft, { force: true });
  await writeFile(draft, text, { mode: 0o600, flag: 'wx' });
  if (user !== null) await chown(draft, user.uid, user.gid);
  await rename(draft, path);
}

function notOurs(folder: string): CopierError {
  return new CopierError('target.embedded_folder', `${folder} is not a folder of pgferry's embedded postgres`, {
    hint: 'name an empty or absent folder; pgferry never takes over or overwrites one that it did not make',
  });
}
