import PgBoss from 'pg-boss';
import type { FleetReason } from '../model/fleet/fleet.js';

/** The schema of the target in which the queue keeps its tables. */
export const queueSchema = 'pgferry_queue';

/** Runs a statement of the queue on a connection that the caller has, within the transaction that it may be in. */
export type RunStatement = (sql: string, values: readonly unknown[]) => Promise<{ readonly rows: unknown[] }>;

/** One piece of work that the queue hands out. */
export interface FleetJob {
  readonly id: string;
  /** The schema of the file, which is its name in the ledger. */
  readonly schema: string;
}

/**
 * The queue of one fleet and its dead letters. It hands work out and knows nothing else: every call is made in the
 * transaction in which the ledger is changed too, so that neither can be ahead of the other. pg-boss makes no connection
 * of its own, and neither retries nor expires a job: what becomes of a file is decided by the ledger.
 */
export class FleetQueue {
  readonly #boss: PgBoss;
  readonly #name: string;
  readonly #run: RunStatement;

  constructor(fleet: string, run: RunStatement) {
    this.#name = `fleet_${fleet}`;
    this.#run = run;
    const executeSql = async (sql: string, values?: unknown[]) => (await run(sql, values ?? [])) as { rows: never[] };
    const database = { db: { executeSql }, schema: queueSchema };
    this.#boss = new PgBoss({ ...database, supervise: false, schedule: false, migrate: true });
  }

  get #dead(): string {
    return `${this.#name}_dead`;
  }

  /** Makes what is not there yet: schema and queues. Call it outside of a transaction, one caller at a time. */
  async open(): Promise<void> {
    await this.#boss.start();
    for (const name of [this.#dead, this.#name]) await this.#boss.createQueue(name, { name, retryLimit: 0 });
  }

  /** Whether somebody has made it, and nobody has dropped it since. */
  async isThere(): Promise<boolean> {
    const { rows: tables } = await this.#run(`SELECT WHERE to_regclass('${queueSchema}.queue') IS NOT NULL`, []);
    if (tables.length === 0) return false;
    const names = [this.#dead, this.#name];
    const { rows } = await this.#run(`SELECT name FROM ${queueSchema}.queue WHERE name = ANY ($1)`, [names]);
    return rows.length === names.length;
  }

  /** Which of these jobs are not in the queue. */
  async findMissing(ids: readonly string[]): Promise<string[]> {
    const { rows } = await this.#run(
      `SELECT wanted.id::text AS id FROM unnest($1::uuid[]) AS wanted (id)
        WHERE NOT EXISTS (SELECT FROM ${queueSchema}.job j WHERE j.name = $2 AND j.id = wanted.id)`,
      [ids, this.#name],
    );
    return (rows as { readonly id: string }[]).map(({ id }) => id);
  }

  async add(jobs: readonly FleetJob[]): Promise<void> {
    if (jobs.length === 0) return;
    await this.#boss.insert(jobs.map(({ id, schema }) => ({ id, name: this.#name, data: { schema } })));
  }

  /**
   * Takes the one of these jobs that has waited longest, which no other session sees then; null where none of them waits.
   * Not by pg-boss, which knows only the next of all: that one may be of a file that only another machine has.
   */
  async take(ids: readonly string[]): Promise<FleetJob | null> {
    const { rows } = await this.#run(
      `UPDATE ${queueSchema}.job SET state = 'active', started_on = now() WHERE name = $1 AND id =
         (SELECT id FROM ${queueSchema}.job WHERE name = $1 AND id = ANY ($2::uuid[]) AND state < 'active'
           ORDER BY created_on, id LIMIT 1 FOR UPDATE SKIP LOCKED)
       RETURNING id::text AS id, data->>'schema' AS schema`,
      [this.#name, ids],
    );
    return (rows as FleetJob[])[0] ?? null;
  }

  /** Takes a job out: its file is done, or waits under a new job. */
  async remove(id: string): Promise<void> {
    await this.#boss.deleteJob(this.#name, id);
  }

  /** Ends a job that cannot be done, and puts it with its reason into the dead letters, under the same id. */
  async bury({ id, schema }: FleetJob, reason: FleetReason): Promise<void> {
    await this.#boss.fail(this.#name, id, { ...reason });
    await this.#boss.send(this.#dead, { schema, reason }, { id, retryLimit: 0 });
  }

  /** Takes a job out of the dead letters. */
  async unbury(id: string): Promise<void> {
    await this.#boss.deleteJob(this.#dead, id);
    await this.remove(id);
  }
}
