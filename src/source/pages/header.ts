import { closeSync, openSync, readSync } from 'node:fs';
import { CopierError } from '../../model/error.js';

export interface DatabaseHeader {
  /** 512 to 65536. */
  readonly pageSize: number;
  /** Bytes at the end of each page that belong to an extension. */
  readonly reservedBytes: number;
  /** Whole pages of the file. */
  readonly pageCount: number;
}

/**
 * Reads the header of a *snapshot* (SQLite file format section 1.3; integers are big-endian). Never call it on a live
 * database: closing the descriptor drops SQLite's locks in this process. Error: source.not_a_database.
 */
export function readDatabaseHeader(snapshotPath: string): DatabaseHeader {
  const bytes = Buffer.alloc(100);
  const file = openSync(snapshotPath, 'r');
  try {
    const length = readSync(file, bytes, 0, 100, 0);
    if (length < 100 || bytes.toString('latin1', 0, 16) !== 'SQLite format 3\0') throw notADatabase(snapshotPath);
  } finally {
    closeSync(file);
  }
  const stored = bytes.readUInt16BE(16);
  // A page of 65536 bytes does not fit into the field and is written as 1.
  const pageSize = stored === 1 ? 65536 : stored;
  if (pageSize < 512 || (pageSize & (pageSize - 1)) !== 0) throw notADatabase(snapshotPath);
  return { pageSize, reservedBytes: bytes.readUInt8(20), pageCount: bytes.readUInt32BE(28) };
}

function notADatabase(path: string): CopierError {
  return new CopierError('source.not_a_database', `${path} has no SQLite header`, {
    hint: 'take the snapshot again',
  });
}
