import { type BothPaths, withBothFiles } from '../../follow/both-files.js';
import { refuseOtherSchema } from '../../follow/same-schema.js';
import { readEncoding } from '../../source/catalog/catalog.js';
import { comparePages, hasSamePages, PageChanges, type PageSpan, spansOf } from '../../source/changes/page-changes.js';
import { findTouchedLeaves, listLeaves, type TouchedLeaves } from '../../source/changes/touched-leaves.js';

/** What a thread finds out about two snapshots. */
export type ChangesJob =
  /** Whether the schemas are the same, and which parts to compare; both files are opened the first time. */
  | { readonly tag: 'begin'; readonly paths: BothPaths; readonly parts: number }
  | { readonly tag: 'pages'; readonly paths: BothPaths; readonly span: PageSpan }
  | {
      readonly tag: 'leaves';
      readonly paths: BothPaths;
      readonly table: string;
      readonly roots: { readonly old: number; readonly now: number };
      /** A bit per page; null where the files have pages of different sizes, so that all leaves count as touched. */
      readonly bits: Uint8Array | null;
    };

/** Of `begin`: the spans to compare, none where pages cannot be compared (UTF-16, another page size); pages of the newer file. */
export interface BegunChanges {
  readonly spans: readonly PageSpan[];
  readonly isComparable: boolean;
  readonly pages: number;
}

export async function runChangesJob(job: ChangesJob): Promise<BegunChanges | Uint8Array | TouchedLeaves> {
  return await withBothFiles<BegunChanges | Uint8Array | TouchedLeaves>(job.paths, (files) => {
    switch (job.tag) {
      case 'begin': {
        refuseOtherSchema(files.database());
        if (readEncoding(files.database()) !== 'UTF-8') return { spans: [], isComparable: false, pages: 0 };
        const [old, now] = [files.pages('old'), files.pages('now')];
        const isComparable = hasSamePages(old, now);
        return { spans: isComparable ? spansOf(old, now, job.parts) : [], isComparable, pages: now.pageCount };
      }
      case 'pages':
        return comparePages(files.pages('old'), files.pages('now'), job.span);
      case 'leaves': {
        const { table, roots, bits } = job;
        const [old, now] = [files.pages('old'), files.pages('now')];
        if (bits === null) return { old: listLeaves(old, table, roots.old), now: listLeaves(now, table, roots.now) };
        const pair = { table, old: { file: old, rootPage: roots.old }, now: { file: now, rootPage: roots.now } };
        return findTouchedLeaves(pair, new PageChanges(bits));
      }
    }
  });
}
