import { must } from '../errors.js';
import type { ChunkResult, TablePlan } from '../model.js';
import { addUp, totalQuarantined } from '../pool/tally.js';
import { analyzeTables, type Skipped } from '../target/analyze.js';
import { buildStep, listRestoreSteps, restoreStep } from '../target/constraints.js';
import type { ComparedTable } from './compare.js';
import type { Lanes, Turn } from './lanes.js';
import type { LoadRequest } from './load.js';
import { canFingerprint, proveTable } from './proof.js';
import { helpersFor } from './sessions.js';

/** What is done to a table that is whole: all proofs go before all index builds, and these before statistics. */
const ranks = { proof: 0, build: 1, statistics: 2 } as const;

export interface FinishOptions {
  readonly lanes: Lanes;
  /** Whether layers wait for each other; no table arrives frozen then. */
  readonly isBarrier: boolean;
  readonly hasFingerprints: boolean;
  /** Of the indexes that are missing: ordinals by target table. */
  readonly steps: ReadonlyMap<string, readonly number[]>;
}

/** Proves, indexes and analyses each table that is whole, on what connections the copy of the others leaves. */
export class TableFinish {
  readonly #request: LoadRequest;
  readonly #options: FinishOptions;
  readonly #proofs = new Map<string, Promise<ComparedTable>>();
  readonly #builds: Promise<void>[] = [];
  readonly #statistics = new Map<string, Promise<readonly Skipped[]>>();
  readonly #copyOver: Promise<void>;
  #endCopy: () => void = () => {};

  constructor(request: LoadRequest, options: FinishOptions) {
    this.#request = request;
    this.#options = options;
    this.#copyOver = new Promise((resolve) => {
      this.#endCopy = resolve;
    });
  }

  static async create(request: LoadRequest, means: Pick<FinishOptions, 'lanes' | 'isBarrier'>): Promise<TableFinish> {
    const hasFingerprints = await canFingerprint(request);
    return new TableFinish(request, { ...means, hasFingerprints, steps: await stepsByTable(request) });
  }

  /** Begins with a table whose chunks are all there; once more where its rows changed since. */
  begin(source: string, results: readonly ChunkResult[]): void {
    const table = must(
      this.#request.plan.tables.find((one) => one.source === source),
      `plan of ${source}`,
    );
    this.#proofs.set(source, quietly(this.#prove(table, results)));
    const built = quietly(this.#buildAll(table));
    this.#builds.push(built);
    this.#statistics.set(source, quietly(this.#analyze(table, built)));
  }

  /** Says that no chunk will follow. */
  endCopy(): void {
    void this.#options.lanes.settle().then(this.#endCopy);
  }

  /** The latest proof of each table. */
  async proofs(): Promise<readonly ComparedTable[]> {
    return await Promise.all(this.#proofs.values());
  }

  async proofsSettled(): Promise<void> {
    await Promise.allSettled(this.#proofs.values());
  }

  /** Waits for the builds that were begun. One that failed is tried again, and told, by whoever makes what is missing. */
  async buildsSettled(): Promise<void> {
    await Promise.allSettled(this.#builds);
  }

  /** Waits for the statistics, and makes those anew that failed, or that waited for an index which could not be built. */
  async statistics(): Promise<readonly Skipped[]> {
    const { tables } = this.#request.plan;
    const one = (table: TablePlan) =>
      (this.#statistics.get(table.source) ?? Promise.reject()).catch(() => this.#analyzeNow(table));
    return (await Promise.all(tables.map(one))).flat();
  }

  async #prove(table: TablePlan, results: readonly ChunkResult[]): Promise<ComparedTable> {
    const { lanes, hasFingerprints } = this.#options;
    const columns = table.columns.map((column) => column.target);
    const quarantinedRows = totalQuarantined(results);
    const source = addUp(columns, results);
    const turn = turnOf('proof', table);
    return await proveTable(this.#request, { table, source, quarantinedRows, lanes, turn, hasFingerprints });
  }

  /** Builds the indexes side by side, and then makes the constraints that rest on them. */
  async #buildAll(table: TablePlan): Promise<void> {
    const { lanes, steps } = this.#options;
    const { ticket } = this.#request;
    const turn = turnOf('build', table);
    const ordinals = steps.get(table.target) ?? [];
    const build = (ordinal: number) =>
      lanes.run((client) => buildStep(client, ticket, ordinal, helpersFor(lanes)), turn);
    const isDone = await Promise.all(ordinals.map(build));
    const left = ordinals.filter((_, at) => isDone[at] === false);
    if (left.length === 0) return;
    await lanes.run(async (client) => {
      for (const ordinal of left) await restoreStep(client, ticket, ordinal);
    }, turn);
  }

  /**
   * After the indexes, for an index over an expression has statistics of its own, and VACUUM would wait for its build. What
   * arrived in many chunks waits for all that was at work during the copy too: a transaction that began before a chunk
   * committed keeps VACUUM from marking its rows as visible to all.
   */
  async #analyze(table: TablePlan, built: Promise<void>): Promise<readonly Skipped[]> {
    await built;
    const isFrozen = table.chunks.length === 1 && !this.#options.isBarrier;
    if (!isFrozen) await this.#copyOver;
    return await this.#analyzeNow(table);
  }

  async #analyzeNow(table: TablePlan): Promise<readonly Skipped[]> {
    const name = { schema: table.targetSchema, name: table.target };
    return await this.#options.lanes.run((client) => analyzeTables(client, [name]), turnOf('statistics', table));
  }
}

function turnOf(work: keyof typeof ranks, { estimatedBytes }: TablePlan): Turn {
  return { rank: ranks[work], bytes: estimatedBytes };
}

async function stepsByTable({ client, ticket }: LoadRequest): Promise<Map<string, number[]>> {
  const byTable = new Map<string, number[]>();
  for (const step of await listRestoreSteps(client, ticket.runId)) {
    if (step.stage === 1) byTable.set(step.table, [...(byTable.get(step.table) ?? []), step.ordinal]);
  }
  return byTable;
}

/** A promise that is looked at later: its failure is nobody's surprise until then. */
function quietly<T>(work: Promise<T>): Promise<T> {
  work.catch(() => {});
  return work;
}
