import { must } from '../../model/error.js';
import type { ChunkResult } from '../../model/copy.js';
import type { TablePlan } from '../../model/plan.js';
import { hasPolicies } from '../../plan/rules/rules.js';
import { addUp, totalQuarantined } from '../../pool/tally.js';
import { analyzeTables, vacuumHidden, type Skipped } from '../../target/copy/analyze.js';
import type { TargetClient } from '../../target/connection/client.js';
import type { TableName } from '../../target/schema/truncate.js';
import { buildStep, listRestoreSteps, restoreStep, type RestoreStep } from '../../target/constraints/constraints.js';
import { BuildCount } from './build-count.js';
import type { ConnectionPool } from './connection-pool.js';
import { buildPriority, priorityOf, quietly } from './finish-order.js';
import { finishTogether, type SmallTable } from './finish-together.js';
import type { LoadRequest } from './load-request.js';
import { canFingerprint, proveTable, type ProvenTable, type ReadTable, type TableToProve } from './proof.js';
import { helpersFor } from './sessions.js';
import { inGroups, isSmallTable, togetherMax } from './small-tables.js';
import { StepCount } from './step-count.js';

export interface FinishOptions {
  readonly pool: ConnectionPool;
  /** Whether layers wait for each other. No table arrives frozen then. */
  readonly isBarrier: boolean;
  readonly hasFingerprints: boolean;
  /** The indexes that are missing, by target table. */
  readonly steps: ReadonlyMap<string, readonly RestoreStep[]>;
}

/**
 * Proves, indexes and analyses each table that is whole, on the connections that the copy of the other tables leaves.
 */
export class TableFinish {
  readonly #request: LoadRequest;
  readonly #options: FinishOptions;
  readonly #proofs = new Map<string, Promise<ProvenTable>>();
  readonly #results = new Map<string, readonly ChunkResult[]>();
  readonly #builds: Promise<void>[] = [];
  readonly #gathered: SmallTable[] = [];
  readonly #statistics = new Map<string, Promise<readonly Skipped[]>>();
  /** How many tables are proven and have their statistics, and how far their indexes are. */
  readonly proven = new StepCount('tables');
  readonly analyzed = new StepCount('tables');
  readonly builds: BuildCount;
  readonly #copyOver: Promise<void>;
  #endCopy: () => void = () => {};

  constructor(request: LoadRequest, options: FinishOptions) {
    this.#request = request;
    this.#options = options;
    this.builds = new BuildCount(request.plan.tables);
    this.proven.expect(request.plan.tables);
    this.analyzed.expect(request.plan.tables);
    this.#copyOver = new Promise((resolve) => {
      this.#endCopy = resolve;
    });
  }

  static async create(request: LoadRequest, options: Pick<FinishOptions, 'pool' | 'isBarrier'>): Promise<TableFinish> {
    const hasFingerprints = await canFingerprint(request);
    return new TableFinish(request, { ...options, hasFingerprints, steps: await stepsByTable(request) });
  }

  /**
   * Begins to finish a table whose chunks are all in the target. May be called again when the table's rows changed
   * since.
   */
  begin(source: string, results: readonly ChunkResult[]): void {
    const table = must(
      this.#request.plan.tables.find((one) => one.source === source),
      `plan of ${source}`,
    );
    this.#results.set(source, results);
    const steps = this.#options.steps.get(table.target) ?? [];
    // Where policies exist, the chunk may have been copied row by row, and that way does not freeze its rows.
    const isFrozen = table.chunks.length === 1 && !this.#options.isBarrier && !hasPolicies(table);
    const isPlain = isFrozen && steps.every((step) => step.isPlain);
    if (isPlain && isSmallTable(table) && this.#options.hasFingerprints) {
      this.#gather({ table, results, steps });
      return;
    }
    this.#proofs.set(source, quietly(this.#prove(table, results)));
    if (isPlain) this.#analyzeFirst(table, steps);
    else this.#analyzeLast(table, steps, isFrozen);
  }

  /**
   * Says that no chunk will follow. Waits until the tasks at work have ended, and then once more: tasks that began
   * while the copy's last transactions were open see no further than those, so VACUUM must wait for them too.
   */
  endCopy(): void {
    const { pool } = this.#options;
    void pool
      .settled()
      .then(() => pool.settled())
      .then(this.#endCopy);
  }

  /** The latest proof of each table. */
  async proofs(): Promise<readonly ProvenTable[]> {
    return await Promise.all(this.#proofs.values());
  }

  /**
   * The latest proof of a table in its present state, on a client whose session keeps writers out: the proof that there
   * is, where the table's present mark is still the same, else a new one.
   */
  async proofNow(
    { table, mark }: { readonly table: TablePlan; readonly mark: string | null },
    client: TargetClient,
  ): Promise<{ readonly proven: ProvenTable; readonly isNew: boolean }> {
    const proven = await must(this.#proofs.get(table.source), `proof of ${table.source}`);
    if (mark !== null && mark === proven.mark) return { proven, isNew: false };
    const results = must(this.#results.get(table.source), `chunks of ${table.source}`);
    return { proven: await this.#proveWith(table, results, { run: (task) => task(client) }), isNew: true };
  }

  async proofsSettled(): Promise<void> {
    await Promise.allSettled(this.#proofs.values());
  }

  /**
   * Waits for the index builds that were begun. A build that failed is tried again later, with all that is still
   * missing; that later try reports the failure.
   */
  async buildsSettled(): Promise<void> {
    await Promise.allSettled(this.#builds);
  }

  /** Waits for the statistics. Makes those again that failed, and those whose index could not be built. */
  async statistics(): Promise<readonly Skipped[]> {
    const { tables } = this.#request.plan;
    const one = (table: TablePlan) =>
      (this.#statistics.get(table.source) ?? Promise.reject()).catch(() => this.#analyze(table, 'statistics'));
    const skipped = (await Promise.all(tables.map(one))).flat();
    const isVacuumed = (table: TablePlan) =>
      !isSmallTable(table) && !skipped.some((other) => other.table === table.target);
    const left = tables.filter(isVacuumed).map(nameOf);
    const last = { rank: 0, bytes: 0 };
    return [...skipped, ...(await this.#options.pool.run((client) => vacuumHidden(client, left), last))];
  }

  /** Small tables that became whole at the same time go on together. */
  #gather(small: SmallTable): void {
    this.#gathered.push(small);
    if (this.#gathered.length > 1) return;
    queueMicrotask(() => {
      for (const group of inGroups(this.#gathered.splice(0), togetherMax)) this.#beginTogether(group);
    });
  }

  #beginTogether(group: readonly SmallTable[]): void {
    const { read, analyzed, built } = finishTogether(this.#request, this.#options.pool, group);
    for (const { table, results, steps } of group) {
      this.builds.expect(steps);
      const own = async () => must((await read).get(table.source), `rows of ${table.source}`);
      this.#proofs.set(table.source, quietly(this.#prove(table, results, own)));
      const skipped = analyzed.then((all) => all.filter((one) => one.table === table.target));
      void skipped.then(() => this.analyzed.noteDone(table)).catch(() => {});
      this.#statistics.set(table.source, quietly(skipped));
    }
    const noteAll = () => {
      for (const step of group.flatMap(({ steps }) => steps)) this.builds.noteDone(step);
    };
    this.#builds.push(quietly(built.then(noteAll)));
  }

  async #prove(
    table: TablePlan,
    results: readonly ChunkResult[],
    read?: () => Promise<ReadTable>,
  ): Promise<ProvenTable> {
    const priority = priorityOf('proof', table);
    const run: TableToProve['run'] = (task) => this.#options.pool.run(task, priority);
    const proven = await this.#proveWith(table, results, { run, ...(read === undefined ? {} : { read }) });
    this.proven.noteDone(table);
    return proven;
  }

  async #proveWith(
    table: TablePlan,
    results: readonly ChunkResult[],
    how: Pick<TableToProve, 'run' | 'read'>,
  ): Promise<ProvenTable> {
    const { hasFingerprints } = this.#options;
    const columns = table.columns.map((column) => column.target);
    const quarantinedRows = totalQuarantined(results);
    const source = addUp(columns, results);
    return await proveTable(this.#request, { table, source, quarantinedRows, hasFingerprints, ...how });
  }

  /**
   * A table whose rows are frozen needs no wait: VACUUM marks them as visible at once, and a plain index has no
   * statistics of its own. Analysing first keeps every core busy at the end.
   */
  #analyzeFirst(table: TablePlan, steps: readonly RestoreStep[]): void {
    const analyzed = quietly(this.#analyze(table, 'earlyStatistics'));
    this.#statistics.set(table.source, analyzed);
    const build = () => this.#buildAll(table, steps);
    this.#builds.push(quietly(analyzed.then(build, build)));
  }

  /**
   * Analyses after the index builds, since an index over an expression has statistics of its own. Where the rows did
   * not arrive frozen, it also waits for all tasks that ran during the copy: a transaction that began before a chunk
   * committed keeps VACUUM from marking the chunk's rows as visible.
   */
  #analyzeLast(table: TablePlan, steps: readonly RestoreStep[], isFrozen: boolean): void {
    const built = quietly(this.#buildAll(table, steps));
    this.#builds.push(built);
    const ready = isFrozen ? built : built.then(() => this.#copyOver);
    this.#statistics.set(table.source, quietly(ready.then(() => this.#analyze(table, 'statistics'))));
  }

  /** Builds the indexes side by side, then adds the constraints that use them. */
  async #buildAll(table: TablePlan, steps: readonly RestoreStep[]): Promise<void> {
    const { pool } = this.#options;
    const { ticket } = this.#request;
    this.builds.expect(steps);
    const build = async (step: RestoreStep) => {
      const isWhole = await pool.run(
        (client) => buildStep(client, ticket, step.ordinal, helpersFor(pool, step)),
        buildPriority(step, table),
      );
      this.builds.noteDone(step);
      return isWhole;
    };
    // All of them, also where one fails: who tries again later must not meet one that is still being built.
    const built = await Promise.allSettled(steps.map(build));
    const left = steps.filter((_, at) => built[at]?.status === 'fulfilled' && !built[at].value);
    const failed = built.find((one) => one.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    if (left.length === 0) return;
    await pool.run(
      async (client) => {
        for (const { ordinal } of left) await restoreStep(client, ticket, ordinal);
      },
      priorityOf('build', table),
    );
  }

  async #analyze(table: TablePlan, when: 'earlyStatistics' | 'statistics'): Promise<readonly Skipped[]> {
    const skipped = await this.#options.pool.run(
      (client) => analyzeTables(client, [nameOf(table)]),
      priorityOf(when, table),
    );
    this.analyzed.noteDone(table);
    return skipped;
  }
}

async function stepsByTable({ client, ticket }: LoadRequest): Promise<Map<string, RestoreStep[]>> {
  const byTable = new Map<string, RestoreStep[]>();
  for (const step of await listRestoreSteps(client, ticket.runId)) {
    if (step.stage === 'indexes') byTable.set(step.table, [...(byTable.get(step.table) ?? []), step]);
  }
  return byTable;
}

function nameOf(table: TablePlan): TableName {
  return { schema: table.targetSchema, name: table.target };
}
