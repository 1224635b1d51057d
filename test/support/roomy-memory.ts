import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { freemem, tmpdir } from 'node:os';
import { join } from 'node:path';

const shared = '/dev/shm';
/** What four tests at a time and their server may fill, with room to spare. */
const bytesMin = 4 * 1024 ** 3;

/**
 * Where the tests keep their files: in memory where the machine has room there, since a database is three hundred small
 * files, which take a disk ten times as long; else the system's folder for such files, and always the one that TMPDIR
 * names.
 */
export function folderOfTests(): string {
  return process.env['TMPDIR'] === undefined && isRoomy() && canExecute() ? shared : tmpdir();
}

function isRoomy(): boolean {
  try {
    const { bavail, bsize } = statfsSync(shared);
    return bavail * bsize >= bytesMin && freemem() >= 2 * bytesMin;
  } catch {
    return false;
  }
}

/** A container often mounts it so that nothing in it may be run, and some tests run what they have written. */
function canExecute(): boolean {
  try {
    const folder = mkdtempSync(join(shared, 'pgferry-probe-'));
    try {
      const script = join(folder, 'probe');
      writeFileSync(script, '#!/bin/sh\n', { mode: 0o755 });
      return spawnSync(script).status === 0;
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  } catch {
    return false;
  }
}
