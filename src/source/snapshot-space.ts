import { statfs } from 'node:fs/promises';
import { CopierError } from '../errors.js';

/** Room for the journal header and the folder entry beside the copy itself. */
const slackBytes = 64 * 1024;

/** Throws source.no_space where a folder's disk cannot take that many bytes more. */
export async function checkSpace(folder: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const freeBytes = bavail * bsize;
  const neededBytes = bytes + slackBytes;
  if (freeBytes >= neededBytes) return;
  throw new CopierError('source.no_space', `${folder} has ${freeBytes} bytes free, the snapshot needs ${neededBytes}`, {
    hint: 'free some space or choose a run folder on another disk, then run again',
  });
}
