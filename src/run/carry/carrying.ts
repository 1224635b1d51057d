import type { KeyRanges, Uncarried } from '../../model/carry.js';
import { must } from '../../model/error.js';
import type { TablePlan } from '../../model/plan.js';
import type { SourceCatalog, SourceTable } from '../../model/source.js';
import type { TargetAddress } from '../../model/target.js';
import type { TableMeters } from '../../pool/table-meters.js';
import type { Threads } from '../../pool/threads.js';
import type { TargetClient } from '../../target/connection/client.js';
import type { SideSummary } from '../../verify/table.js';
import type { QuarantineRun } from '../compare/compare-table.js';
import type { Context } from '../context.js';
import type { LeftBehind } from './left-behind.js';
import type { WrittenSince } from './unknown-parts.js';

export interface CarryRequest {
  readonly context: Context;
  readonly client: TargetClient;
  readonly address: TargetAddress;
  /** The run that filled the target from this snapshot, or from an earlier one and rounds. */
  readonly runId: string;
  readonly snapshotPath: string;
  /** Where the copy is made; what is there goes, but where it `isCopied` already. */
  readonly copyPath: string;
  readonly isCopied: boolean;
  readonly changed: readonly WrittenSince[];
  readonly leftBehind: LeftBehind;
  /** Nobody keeps writers out: what is found is not compared once more. */
  readonly isRehearsal: boolean;
  /** Called with the copy once it is whole and proven; gives what of it has no place in SQLite after all. */
  readonly finish?: (copyPath: string) => readonly Uncarried[];
  readonly signal: AbortSignal;
}

/** What a table of the target summed up to, and by which ranges of keys. */
export interface KnownSums {
  readonly target: SideSummary;
  readonly ranges: KeyRanges | null;
}

/** What all steps of bringing rows back work with. */
export interface Carrying {
  readonly request: CarryRequest;
  readonly threads: Threads;
  readonly catalog: SourceCatalog;
  /** The tables that changed. */
  readonly planned: readonly TablePlan[];
  /** Those whose numbers are taken over, also where all rows that got them are gone again. */
  readonly numbered: readonly TablePlan[];
  readonly quarantines: ReadonlyMap<string, QuarantineRun>;
  /** What the tables of the target summed up to, by source name: nobody writes there until all is proven. */
  readonly sums: Map<string, KnownSums>;
  /** Counts the rows that the comparison of the two sides reads. */
  readonly meters: TableMeters;
}

/** The table of the snapshot that a plan reads. */
export function sourceTable(catalog: SourceCatalog, { source }: TablePlan): SourceTable {
  return must(
    catalog.tables.find(({ name }) => name === source),
    `table ${source} of the snapshot`,
  );
}
