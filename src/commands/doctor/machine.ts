import { existsSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { Check } from '../../model/doctor.js';
import { formatBytes } from '../../report/units.js';
import { systemName } from '../../platform/system.js';
import { isImportable } from '../../source/foreign-file.js';
import { databasePath, sourceFile, standardInput } from '../../source/live/file.js';
import { busyTimeoutMs, openSource } from '../../source/open.js';
import { loadSqlite } from '../../source/sqlite.js';
import type { Settings } from '../../model/settings.js';
import { amiss, fine, skipped, tried } from './check.js';

/* What doctor looks at on this machine: Node, the native module, the source and the disk. Opens the source to read. */

/** A snapshot, the pages of a second one while it is compared, and the record of a run. */
const snapshotsOnDisk = 2;

export function checkNode(): Check {
  return fine('node', `${process.version} on ${systemName()}`);
}

export function checkTimeZone(): Check {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return fine('time zone', `${zone} here; no value depends on it, times are read by the rules of the plan`);
}

/** The native module that reads SQLite, and the source as it opens it. */
export async function checkSource({ sourcePath, sourceCommand }: Settings): Promise<readonly Check[]> {
  const loaded = await tried('sqlite', loadSqlite);
  if (loaded.check !== null)
    return [loaded.check, skipped('source', 'not looked at, since SQLite files cannot be read')];
  const loads = fine('sqlite', 'the native module loads');
  if (sourceCommand !== null || sourcePath === standardInput) {
    const what = sourceCommand === null ? 'standard input' : 'what a command writes';
    return [loads, skipped('source', `${what}, which is read once, when a run begins`)];
  }
  const opened = await tried('source', () => {
    const { path, bytes } = sourceFile(sourcePath);
    const db = openOrImportable(() => openSource(path, { readonly: true, timeoutMs: busyTimeoutMs }));
    if (db === null) return { path, bytes, isDatabase: false as const };
    try {
      const version = String(db.prepare('SELECT sqlite_version()').pluck().get());
      const tables = Number(db.prepare("SELECT count(*) FROM sqlite_schema WHERE type = 'table'").pluck().get());
      const mode = String(db.pragma('journal_mode', { simple: true }));
      return { path, bytes, isDatabase: true as const, version, tables, mode };
    } finally {
      db.close();
    }
  });
  if (opened.check !== null) return [loads, opened.check];
  if (!opened.value.isDatabase) {
    const { path, bytes } = opened.value;
    return [
      loads,
      fine('source', `${path}, ${formatBytes(bytes)}, a dump or a compressed file: no source of a cutover`),
    ];
  }
  const { path, bytes, version, tables, mode } = opened.value;
  return [
    fine('sqlite', `the native module loads, SQLite ${version}`),
    fine('source', `${path}, ${formatBytes(bytes)}, ${tables} tables, journal mode ${mode}`),
  ];
}

/** null for a dump or a compressed file, which a run reads as it is. */
function openOrImportable<T>(open: () => T): T | null {
  try {
    return open();
  } catch (error) {
    if (isImportable(error)) return null;
    throw error;
  }
}

/** Whether the folder of the backups has room for the snapshots of the source. */
export async function checkDisk({ sourcePath, backupFolder }: Settings): Promise<Check> {
  const found = await tried('disk', async () => {
    const folder = nearestFolder(resolve(backupFolder));
    const { bavail, bsize } = await statfs(folder);
    return { folder, freeBytes: bavail * bsize };
  });
  if (found.check !== null) return found.check;
  const { folder, freeBytes } = found.value;
  const source = await tried('disk', () => sourceFile(databasePath(sourcePath)).bytes);
  const text = `${formatBytes(freeBytes)} free in ${folder}`;
  if (source.value === null) return fine('disk', text);
  const neededBytes = snapshotsOnDisk * source.value;
  if (freeBytes >= neededBytes) return fine('disk', `${text}, for snapshots of ${formatBytes(neededBytes)}`);
  const hint = 'make room there, or name a folder on another disk with --backup-dir';
  return amiss('disk', 'problem', {
    found: `${text}, but snapshots may take ${formatBytes(neededBytes)}`,
    hint,
    code: 'source.no_space',
  });
}

/** The folder itself, or the first above it that is there. */
function nearestFolder(folder: string): string {
  return existsSync(folder) ? folder : nearestFolder(dirname(folder));
}
