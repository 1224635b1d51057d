import { type BothPaths, withBothFiles } from '../../follow/both-files.js';
import { refuseOtherSchema } from '../../follow/same-schema.js';
import { readEncoding } from '../../source/catalog/catalog.js';
import { writeOwners } from '../../source/changes/overflow-owners.js';
import {
  compareListed,
  comparePages,
  hasSamePages,
  PageChanges,
  type PageSpan,
  spansOf,
} from '../../source/changes/page-changes.js';
import {
  findMarkedLeaves,
  findTouchedLeaves,
  listLeaves,
  type TouchedLeaves,
} from '../../source/changes/touched-leaves.js';

/** What a thread finds out about two snapshots. */
export type ChangesJob =
  /** Whether the schemas are the same, and which parts to compare; both files are opened the first time. */
  | { readonly tag: 'begin'; readonly paths: BothPaths; readonly parts: number }
  | { readonly tag: 'pages'; readonly paths: BothPaths; readonly span: PageSpan }
  /** The same where it is known which pages can differ at all. */
  | ({ readonly tag: 'listed'; readonly paths: BothPaths } & KnownPages)
  /** Enters the overflow pages of a table of the older snapshot into the file of owners. */
  | {
      readonly tag: 'owners';
      readonly paths: BothPaths;
      readonly ownersPath: string;
      readonly table: string;
      readonly rootPage: number;
    }
  | {
      readonly tag: 'leaves';
      readonly paths: BothPaths;
      readonly table: string;
      readonly roots: { readonly old: number; readonly now: number };
      /** A bit per page; null where the files have pages of different sizes, so that all leaves count as touched. */
      readonly bits: Uint8Array | null;
      /** Whether the bits of leaves speak for their overflow pages too, so that no leaf has to be read. */
      readonly isMarked: boolean;
    };

/** Which pages can differ between two snapshots, and to which leaves the overflow pages of the older one belong. */
export interface KnownPages {
  readonly pages: Uint32Array;
  readonly ownersPath: string;
}

/** Of `begin`: the spans to compare, none where pages cannot be compared (UTF-16, another page size); pages of the newer file. */
export interface BegunChanges {
  readonly spans: readonly PageSpan[];
  readonly isComparable: boolean;
  readonly pages: number;
}

export type ChangesResult = BegunChanges | Uint8Array | TouchedLeaves | null;

declare module '../../pool/threads.js' {
  interface ThreadJobs {
    changes:
      | [Extract<ChangesJob, { readonly tag: 'begin' }>, BegunChanges]
      | [Extract<ChangesJob, { readonly tag: 'pages' | 'listed' }>, Uint8Array]
      | [Extract<ChangesJob, { readonly tag: 'owners' }>, null]
      | [Extract<ChangesJob, { readonly tag: 'leaves' }>, TouchedLeaves];
  }
}

export async function runChangesJob(job: ChangesJob): Promise<ChangesResult> {
  return await withBothFiles<ChangesResult>(job.paths, (files) => {
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
      case 'listed':
        return compareListed(files.pages('old'), files.pages('now'), job);
      case 'owners':
        writeOwners(job.ownersPath, files.pages('old'), job);
        return null;
      case 'leaves': {
        const { table, roots, bits, isMarked } = job;
        const [old, now] = [files.pages('old'), files.pages('now')];
        if (bits === null) return { old: listLeaves(old, table, roots.old), now: listLeaves(now, table, roots.now) };
        const pair = { table, old: { file: old, rootPage: roots.old }, now: { file: now, rootPage: roots.now } };
        const changes = new PageChanges(bits);
        return isMarked ? findMarkedLeaves(pair, changes) : findTouchedLeaves(pair, changes);
      }
    }
  });
}
