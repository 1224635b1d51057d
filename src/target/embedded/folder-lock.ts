import { link, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { kill, pid } from 'node:process';
import { setTimeout as wait } from 'node:timers/promises';
import { CopierError } from '../../model/error.js';
import { interruption } from '../../lib/interruption.js';

const pollMs = 100;
const waitMaxMs = 180_000;

/**
 * Runs `use` while no other process is inside the same folder's lock: a file made with O_EXCL that holds our process
 * id. The lock of a dead process is taken over.
 */
export async function withFolderLock<T>(
  folder: string,
  signal: AbortSignal | undefined,
  use: () => Promise<T>,
): Promise<T> {
  const path = join(folder, 'lock');
  await takeLock(path, signal);
  try {
    return await use();
  } finally {
    await rm(path, { force: true });
  }
}

async function takeLock(path: string, signal: AbortSignal | undefined): Promise<void> {
  for (let waitedMs = 0; waitedMs < waitMaxMs; waitedMs += pollMs) {
    if (await makeLock(path)) return;
    const holder = await readFile(path, 'utf8').catch(() => null);
    if (holder !== null && isDead(holder)) await removeDead(path, holder);
    else await wait(pollMs);
    if (signal?.aborted === true) throw interruption(signal);
  }
  throw new CopierError('target.embedded_locked', `another process keeps ${path}`, {
    hint: `look whether the process in that file still works on it; if not, remove ${path}`,
  });
}

/** The process id is written before the lock appears under its name, so that no process reads half of it. */
async function makeLock(path: string): Promise<boolean> {
  const draft = `${path}.${pid}`;
  const file = await open(draft, 'w', 0o600);
  try {
    await file.writeFile(String(pid));
    await link(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await file.close();
    await rm(draft, { force: true });
  }
}

/**
 * Two processes may find the same dead lock. The one that moves it away checks it again, and puts it back if it is not
 * the dead one.
 */
async function removeDead(path: string, holder: string): Promise<void> {
  const aside = `${path}.dead.${pid}`;
  try {
    await rename(path, aside);
    if ((await readFile(aside, 'utf8')) !== holder) await link(aside, path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'EEXIST') throw error;
  } finally {
    await rm(aside, { force: true });
  }
}

function isDead(holder: string): boolean {
  const id = Number(holder);
  if (!Number.isSafeInteger(id) || id <= 0) return true;
  try {
    kill(id, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}
