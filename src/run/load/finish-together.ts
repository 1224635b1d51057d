import type { ChunkResult } from '../../model/copy.js';
import type { TablePlan } from '../../model/plan.js';
import { analyzeTogether, type Skipped } from '../../target/copy/analyze.js';
import type { TargetClient } from '../../target/connection/client.js';
import { restoreTogether, type RestoreStep } from '../../target/constraints/constraints.js';
import type { ConnectionPool } from './connection-pool.js';
import { type FinishWork, priorityOf, quietly } from './finish-order.js';
import type { LoadRequest } from './load-request.js';
import { type ReadTable, readTables } from './proof.js';

/** A small table that is whole, with the indexes that it lacks. */
export interface SmallTable {
  readonly table: TablePlan;
  readonly results: readonly ChunkResult[];
  readonly steps: readonly RestoreStep[];
}

/** What was begun for small tables that go on together. */
export interface FinishedTogether {
  /** What the server holds of each, by its name in the source. */
  readonly read: Promise<ReadonlyMap<string, ReadTable>>;
  readonly analyzed: Promise<readonly Skipped[]>;
  readonly built: Promise<void>;
}

/** As each of them alone: read for the proof, then analysed, then indexed, each in one go for all. */
export function finishTogether(
  request: LoadRequest,
  pool: ConnectionPool,
  group: readonly SmallTable[],
): FinishedTogether {
  const { ticket } = request;
  const tables = group.map(({ table }) => table);
  const estimatedBytes = tables.reduce((sum, table) => sum + table.estimatedBytes, 0);
  const inTurn = <T>(work: FinishWork, task: (client: TargetClient) => Promise<T>) =>
    quietly(pool.run(task, priorityOf(work, { estimatedBytes })));
  const read = inTurn('proof', (client) => readTables(request, client, tables));
  const names = tables.map(({ targetSchema, target }) => ({ schema: targetSchema, name: target }));
  const analyzed = quietly(read.then(() => inTurn('earlyStatistics', (client) => analyzeTogether(client, names))));
  const ordinals = group.flatMap(({ steps }) => steps.map(({ ordinal }) => ordinal));
  const build = async () => {
    if (ordinals.length > 0) await inTurn('build', (client) => restoreTogether(client, ticket, ordinals));
  };
  return { read, analyzed, built: quietly(analyzed.then(build, build)) };
}
