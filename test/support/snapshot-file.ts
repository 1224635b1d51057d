import { openSnapshotFile, type SnapshotFile } from '../../src/source/pages/page-file.js';

/** Lends the snapshot at `path`, open as `openSnapshotFile` opens it. */
export function withSnapshotFile<T>(path: string, use: (file: SnapshotFile) => T): T {
  const file = openSnapshotFile(path);
  try {
    return use(file);
  } finally {
    file.close();
  }
}
