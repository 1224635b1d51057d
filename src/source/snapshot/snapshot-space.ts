import { statfsSync, statSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { CopierError } from '../../model/error.js';

/** Space for the journal header and the folder entry, in addition to the copy itself. */
const slackBytes = 64 * 1024;

/** Throws source.no_space where a folder's disk cannot take that many bytes more. */
export async function checkSpace(folder: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const freeBytes = bavail * bsize;
  const neededBytes = bytes + slackBytes;
  if (freeBytes >= neededBytes) return;
  throw new CopierError('source.no_space', `${folder} has ${freeBytes} bytes free, the snapshot needs ${neededBytes}`, {
    hint: 'free some space, or name a folder on another disk with --backup-dir, then run again',
  });
}

/** What the application shall keep of its disk, at most; on a small one a quarter of what was free. */
const reserveBytes = 64 * 1024 * 1024;

/**
 * While a snapshot is read no checkpoint can empty the application's -wal, which grows with every write. Gives a
 * function that throws source.disk_filling when that is about to fill the source's disk: rather no snapshot than an
 * application that cannot write. It takes how many bytes the snapshot still needs, which count where both share a disk.
 */
export function watchSpace(sourcePath: string, snapshotPath: string, totalBytes: number): (leftBytes: number) => void {
  const [folder, other] = [dirname(sourcePath), dirname(snapshotPath)];
  const isShared = statSync(folder).dev === statSync(other).dev;
  const freeBeside = (leftBytes: number): number => {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize - (isShared ? leftBytes : 0);
  };
  const walBytes = () => statSync(`${sourcePath}-wal`, { throwIfNoEntry: false })?.size ?? 0;
  const leastBytes = Math.min(reserveBytes, Math.floor(freeBeside(totalBytes) / 4));
  const walBytesBefore = walBytes();
  return (leftBytes) => {
    const freeBytes = freeBeside(leftBytes);
    // What was added to the -wal is needed once more when it is merged into the database.
    if (freeBytes >= leastBytes + walBytes() - walBytesBefore) return;
    const message = `the disk of ${sourcePath} is filling up: ${freeBytes} bytes are left while the snapshot keeps its -wal from being emptied`;
    const hint = 'make room on that disk, or run again while the application writes less; it can go on now';
    throw new CopierError('source.disk_filling', message, { hint });
  };
}
