import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { pid } from 'node:process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { FleetReason } from '../../model/fleet/fleet.js';
import type { TenantPartition } from '../../model/fleet/tenant.js';
import { FleetQueue } from '../../fleet/queue.js';
import type { TargetClient } from '../../target/connection/client.js';
import { withTransaction } from '../../target/connection/transaction.js';
import {
  endFile,
  enterWorker,
  findCompleteRun,
  type FleetEnding,
  giveFileBack,
  listOpenFiles,
  takeFile,
  takeLostFiles,
  type TakenFile,
} from '../../target/ledger/fleet.js';
import { findUnfinishedRun } from '../../target/ledger/run.js';
import { attachPartitions } from '../../target/tenant/partitions.js';

/** How often a worker may die over one file before the file counts as the cause. */
const lossesMax = 10;

/** How many jobs the queue is offered at a time, of which it gives one that nobody else has. */
const jobsAtOnce = 64;

/** What a worker finds when it asks for work. */
export type Taken =
  | { readonly tag: 'file'; readonly file: TakenFile }
  /** Nothing to do now, but a file that this machine has is with another worker, which may give it back. */
  | { readonly tag: 'wait' }
  /** Nothing is left that this machine could do. */
  | { readonly tag: 'over' };

export interface FileStanding {
  readonly complete: { readonly runId: string; readonly rows: number } | null;
  readonly unfinishedSource: string | null;
  /** Whether that one was over, and the sides differed. */
  readonly hasDiffered: boolean;
}

/**
 * Where one worker gets its files and hands them back: the ledger and the queue, changed in one transaction each. All
 * slots of a worker share its one session, whose lock says that the worker lives; so one goes after the other.
 */
export class WorkerFiles {
  readonly #client: TargetClient;
  readonly #fleet: string;
  readonly #worker: number;
  readonly #queue: FleetQueue;
  /** Whether a file that is not here can be fetched. */
  readonly #fetches: boolean;
  /** The jobs of the files that waited and were here when last looked, but for those that are gone since. */
  #listed: string[] = [];
  /** Whether a file that waited then, or was with a worker, is here. */
  #isAnyOpenHere = false;
  #last: Promise<unknown> = Promise.resolve();

  private constructor(client: TargetClient, fleet: string, { worker, fetches }: { worker: number; fetches: boolean }) {
    this.#client = client;
    this.#fleet = fleet;
    this.#worker = worker;
    this.#fetches = fetches;
    this.#queue = queueOf(client, fleet);
  }

  /** Enters this process as a worker of the fleet. */
  static async open(client: TargetClient, fleet: string, options: { readonly fetches: boolean }): Promise<WorkerFiles> {
    const worker = await enterWorker(client, { host: hostname(), pid });
    return new WorkerFiles(client, fleet, { worker, fetches: options.fetches });
  }

  /** Takes the next file that is here. */
  async take(): Promise<Taken> {
    return await this.#alone(async () => {
      for (;;) {
        const file = (await this.#takeListed()) ?? ((await this.#readList()) ? await this.#takeListed() : null);
        if (file !== null && this.#isHere(file.source)) return { tag: 'file', file };
        if (file !== null) await this.#giveBack(file, { isCounted: false, reason: null });
        else if ((await this.#takeOver()) === 0) return { tag: this.#isAnyOpenHere ? 'wait' : 'over' };
      }
    });
  }

  /** What the ledger knows of runs of the file's schema: the one that has loaded it, and the source of one that has not. */
  async standing({ schema }: TakenFile): Promise<FileStanding> {
    return await this.#alone(async () => {
      const complete = await findCompleteRun(this.#client, { fleet: this.#fleet, schema });
      const unfinished = await findUnfinishedRun(this.#client, schema);
      const hasDiffered = unfinished?.state === 'failed';
      return { complete, unfinishedSource: unfinished?.sourcePath ?? null, hasDiffered };
    });
  }

  /** Makes the tables of a file that was loaded before partitions, where they are none yet. */
  async attach({ schema }: TakenFile, partition: TenantPartition): Promise<void> {
    await this.#alone(() => withTransaction(this.#client, () => attachPartitions(this.#client, schema, partition)));
  }

  /** Takes a file that is loaded and proven out of the queue. */
  async done(file: TakenFile, ending: Extract<FleetEnding, { tag: 'done' }>): Promise<void> {
    await this.#end(file, ending, () => this.#queue.remove(file.job));
  }

  /** Ends a file that cannot be loaded: into the dead letters. */
  async bury(file: TakenFile, ending: Extract<FleetEnding, { tag: 'failed' }>): Promise<void> {
    const job = { id: file.job, schema: file.schema };
    await this.#end(file, ending, () => this.#queue.bury(job, ending.reason));
  }

  /** Gives a file back for another try. */
  async giveBack(
    file: TakenFile,
    next: { readonly isCounted: boolean; readonly reason: FleetReason | null },
  ): Promise<void> {
    await this.#alone(() => this.#giveBack(file, next));
  }

  /** Takes the first of the listed files that still waits; null where none of them does, which empties the list. */
  async #takeListed(): Promise<TakenFile | null> {
    while (this.#listed.length > 0) {
      const file = await withTransaction(this.#client, async () => {
        const job = await this.#queue.take(this.#listed.slice(0, jobsAtOnce));
        if (job === null) {
          this.#listed.splice(0, jobsAtOnce);
          return null;
        }
        this.#listed = this.#listed.filter((id) => id !== job.id);
        const held = { fleet: this.#fleet, schema: job.schema, job: job.id, worker: this.#worker };
        const taken = await takeFile(this.#client, held);
        // The ledger knows better: the file is done, or waits under another job.
        if (taken === null) await this.#queue.remove(job.id);
        return taken;
      });
      if (file !== null) return file;
    }
    return null;
  }

  /** Lists the files that wait and are here; whether there are any. */
  async #readList(): Promise<boolean> {
    const here = (await listOpenFiles(this.#client, this.#fleet)).filter(({ source }) => this.#isHere(source));
    this.#isAnyOpenHere = here.length > 0;
    this.#listed = here.filter(({ state }) => state === 'waiting').map(({ job }) => job);
    return this.#listed.length > 0;
  }

  /** Gives the files of dead workers back, or buries those that too many died over. Gives how many there were. */
  async #takeOver(): Promise<number> {
    return await withTransaction(this.#client, async () => {
      const lost = await takeLostFiles(this.#client, this.#fleet, this.#worker);
      for (const file of lost) {
        if (file.losses < lossesMax) await this.#giveBack(file, { isCounted: true, reason: null });
        else await this.#bury(file);
      }
      return lost.length;
    });
  }

  async #bury(file: TakenFile): Promise<void> {
    const reason = {
      code: 'thread.lost',
      message: `${file.losses} workers died while they loaded ${file.source}`,
      hint: 'load it by itself and look what ends the process: pgferry migrate; then pgferry fleet retry',
    };
    const held = { fleet: this.#fleet, schema: file.schema, worker: this.#worker };
    await endFile(this.#client, held, { tag: 'failed', runId: null, reason });
    await this.#queue.bury({ id: file.job, schema: file.schema }, reason);
  }

  async #end(file: TakenFile, ending: FleetEnding, andQueue: () => Promise<void>): Promise<void> {
    await this.#alone(() =>
      withTransaction(this.#client, async () => {
        const held = { fleet: this.#fleet, schema: file.schema, worker: this.#worker };
        if (await endFile(this.#client, held, ending)) await andQueue();
      }),
    );
  }

  async #giveBack(
    file: TakenFile,
    next: { readonly isCounted: boolean; readonly reason: FleetReason | null },
  ): Promise<void> {
    await withTransaction(this.#client, async () => {
      const held = { fleet: this.#fleet, schema: file.schema, worker: this.#worker };
      const job = randomUUID();
      if (!(await giveFileBack(this.#client, held, { ...next, job }))) return;
      await this.#queue.remove(file.job);
      await this.#queue.add([{ id: job, schema: file.schema }]);
    });
  }

  #isHere(source: string): boolean {
    return this.#fetches || existsSync(resolve(source));
  }

  /** Runs `use` when all that was asked for before is over. */
  async #alone<T>(use: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(use, use);
    this.#last = mine.catch(() => undefined);
    return await mine;
  }
}

/** The queue of a fleet, whose statements go through this client. */
export function queueOf(client: TargetClient, fleet: string): FleetQueue {
  return new FleetQueue(fleet, async (sql, values) => ({ rows: (await client.run(sql, values)).rows }));
}
