import { hostname } from 'node:os';
import { pid } from 'node:process';
import type { ChunkResult, Snapshot, SourceCatalog, TargetAddress } from '../model.js';
import type { RunFolder } from '../report/run-folder.js';
import type { TargetClient } from '../target/connect.js';
import type { Run } from '../target/run.js';
import type { Context } from './context.js';
import type { StoredPlan } from './stored-plan.js';

/** Everything that reads and writes for one attempt at a run. */
export interface Attempt {
  readonly context: Context;
  readonly command: 'migrate' | 'copy';
  readonly address: TargetAddress;
  readonly client: TargetClient;
  readonly sourcePath: string;
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
}

/** Who holds a run, as the ledger notes it. */
export function whoWeAre(context: Context) {
  return { toolVersion: context.toolVersion, host: hostname(), pid };
}
