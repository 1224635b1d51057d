import { openSnapshotFile, type SnapshotFile } from '../source/pages/page-file.js';

/** The pages of the snapshot as this thread keeps them open from one job to the next. */
let kept: { readonly path: string; readonly file: SnapshotFile } | null = null;

export function snapshotPages(path: string): SnapshotFile {
  if (kept?.path === path) return kept.file;
  kept?.file.close();
  kept = { path, file: openSnapshotFile(path) };
  return kept.file;
}
