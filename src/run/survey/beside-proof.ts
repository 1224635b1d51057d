import { withJoinedSignal } from '../../lib/joined-signal.js';
import type { TableCensus } from '../../model/census.js';
import type { Snapshot, SourceCatalog } from '../../model/source.js';
import type { TargetAddress } from '../../model/target.js';
import type { Context } from '../context.js';
import { hasMatches, mapSeeded } from './map-seeded.js';
import { readCatalog } from './survey.js';
import { warnOfImport, warnOfUnchecked } from './warnings.js';
import type { WatchedSnapshot } from './watched-snapshot.js';

/** A snapshot that is read while its pages are still checked. */
export interface UnprovenSnapshot {
  /** Ends with the work: its signal fires where the proof fails. */
  readonly context: Context;
  readonly path: string;
  readonly catalog: SourceCatalog;
  /** What was found counts only once this has come. */
  readonly proof: Promise<Snapshot>;
  /** As in `WatchedSnapshot`; of a file with mapped keys nothing is known. */
  readonly counted: Promise<readonly TableCensus[]>;
}

/**
 * Lends a snapshot beside its proof. Where the proof fails, `use` is ended and the proof's error is thrown, whatever came
 * of `use`: it names damage better than who stumbles over it. With keys that are mapped to those of the target (`address`)
 * the snapshot is another file, which is there once it is proven; null: no keys are mapped.
 */
export async function besideProof<T>(
  given: Context,
  { watched, address }: { readonly watched: WatchedSnapshot; readonly address: TargetAddress | null },
  use: (snapshot: UnprovenSnapshot) => Promise<T>,
): Promise<T> {
  const { taken, prove, counted } = watched;
  const over = new AbortController();
  return await withJoinedSignal([given.signal, over.signal], async (signal) => {
    const context = { ...given, signal };
    const proof = proven(given, prove, address);
    proof.catch((error: unknown) => over.abort(error));
    const read = async () => {
      const isMapped = address !== null && hasMatches(given);
      const path = isMapped ? (await proof).path : taken.path;
      const catalog = await readCatalog(path, given.settings);
      return await use({ context, path, catalog, proof, counted: isMapped ? Promise.resolve([]) : counted });
    };
    warnOfImport(given.journal, taken);
    const reading = read();
    const [ended] = await Promise.allSettled([proof, reading]);
    if (ended.status === 'rejected') throw ended.reason;
    return await reading;
  });
}

async function proven(
  context: Context,
  prove: WatchedSnapshot['prove'],
  address: TargetAddress | null,
): Promise<Snapshot> {
  const snapshot = await prove();
  warnOfUnchecked(context.journal, snapshot);
  return address === null ? snapshot : await mapSeeded(context, address, snapshot);
}
