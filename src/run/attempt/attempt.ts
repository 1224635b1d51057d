import type { ChunkResult } from '../../model/copy.js';
import type { Snapshot, SourceCatalog } from '../../model/source.js';
import type { TargetAddress } from '../../model/target.js';
import type { RunFolder } from '../../report/files/run-folder.js';
import type { NamedSource } from '../../source/import/named-source.js';
import type { TargetClient } from '../../target/connection/client.js';
import type { Run } from '../../target/ledger/run.js';
import type { Context } from '../context.js';
import type { StoredPlan } from '../plan/stored-plan.js';

/** What the steps of one attempt at a run work with. */
export interface Attempt {
  readonly context: Context;
  readonly command: 'migrate' | 'copy';
  readonly address: TargetAddress;
  readonly client: TargetClient;
  readonly source: NamedSource;
  readonly signal: AbortSignal;
}

/** A run that is in the ledger and may copy. */
export interface BegunRun {
  readonly run: Run;
  readonly stored: StoredPlan;
  readonly snapshot: Snapshot;
  readonly folder: RunFolder;
  readonly catalog: SourceCatalog;
  readonly done: readonly ChunkResult[];
  /** Whether the pages of the snapshot were judged by an earlier attempt. */
  readonly areJudged: boolean;
}
