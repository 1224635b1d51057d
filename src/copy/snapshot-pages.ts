import { openSnapshotFile, type SnapshotFile } from '../source/pages/page-file.js';

/** The pages of the snapshot as this thread keeps them open from one job to the next. */
let opened: { readonly path: string; readonly file: SnapshotFile } | null = null;

export function snapshotPages(path: string): SnapshotFile {
  if (opened?.path === path) return opened.file;
  opened?.file.close();
  opened = { path, file: openSnapshotFile(path) };
  return opened.file;
}
