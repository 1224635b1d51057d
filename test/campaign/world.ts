import { readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { Database } from '../../src/source/sqlite.js';
import { type App, makeSmallApp } from '../support/journey.js';

/*
 * What is known of an application whose databases are watched: every write that either database acknowledged, to whom,
 * and what its owner gave up by name. `findWrongs` compares both databases with that, by their own SQL.
 */

export type Side = 'sqlite' | 'postgres';

interface Write {
  readonly id: number;
  readonly side: Side;
  /** Which database was the application's when it was acknowledged. */
  readonly world: Side;
}

export class World {
  readonly writes: Write[] = [1, 2, 3].map((id) => ({ id, side: 'sqlite', world: 'sqlite' }));
  /** What an option of a rollback gave up by name: it is only kept in a file. */
  readonly givenUp = new Set<Side>();
  readonly #holders: pg.Client[] = [];
  #next = 100;

  private constructor(
    readonly app: App,
    readonly client: pg.Client,
  ) {}

  static make(folder: string, url: string, client: pg.Client): World {
    const app = makeSmallApp(folder, url, { STALL_TIMEOUT: '5' });
    const db = new Database(app.source);
    // Without a key, so that a row that came twice is seen.
    db.exec('CREATE TABLE log (id INTEGER NOT NULL); INSERT INTO log VALUES (1), (2), (3)');
    db.close();
    return new World(app, client);
  }

  /** The database of the application, which its env file alone decides. */
  get side(): Side {
    return readFileSync(this.app.envPath, 'utf8').includes('="postgres"') ? 'postgres' : 'sqlite';
  }

  /** Writes one row to a database, whoever owns it; a refusal is no acknowledgement. Tells whether it was taken. */
  async write(side: Side): Promise<boolean> {
    this.#next += 1;
    const id = this.#next;
    const world = this.side;
    const isTaken = side === 'sqlite' ? this.#writeToSqlite(id) : await this.#writeToPostgres(id);
    if (isTaken) this.writes.push({ id, side, world });
    return isTaken;
  }

  #writeToSqlite(id: number): boolean {
    return this.onSqlite((db) => {
      db.transaction(() => {
        db.prepare('INSERT INTO child VALUES (?, 1, ?)').run(id, 'written meanwhile');
        db.prepare('INSERT INTO log VALUES (?)').run(id);
      }).immediate();
    });
  }

  async #writeToPostgres(id: number): Promise<boolean> {
    try {
      await this.client.query(
        `WITH one AS (INSERT INTO child VALUES (${id}, 1, 'written meanwhile')) INSERT INTO log VALUES (${id})`,
      );
      return true;
    } catch {
      return false;
    }
  }

  /** Does something to the SQLite file as another process would; false where SQLite refused. */
  onSqlite(use: (db: Database) => void): boolean {
    const db = new Database(this.app.source, { timeout: 50, fileMustExist: true });
    try {
      use(db);
      return true;
    } catch {
      return false;
    } finally {
      db.close();
    }
  }

  /** Another session takes a lock, and keeps it until it lets go; false where it got none. */
  async hold(sql: string): Promise<boolean> {
    const holder = new pg.Client({ connectionString: this.app.url, application_name: 'holder' });
    holder.on('error', () => undefined);
    await holder.connect();
    try {
      await holder.query(`SET lock_timeout = '200ms'; BEGIN`);
      await holder.query(sql);
      this.#holders.push(holder);
      return true;
    } catch {
      await holder.end();
      return false;
    }
  }

  /** All sessions that hold a lock let go of it. */
  async letGo(): Promise<void> {
    for (const holder of this.#holders.splice(0)) await holder.end();
  }

  /** Another file takes the place of the SQLite file, as a restored backup would: the same rows, and no -wal. */
  replaceSqlite(): boolean {
    const { source } = this.app;
    const beside = `${source}.other`;
    rmSync(beside, { force: true });
    const isCopied = this.onSqlite((db) => db.prepare('VACUUM INTO ?').run(beside));
    if (!isCopied) return false;
    for (const suffix of ['-wal', '-shm', '-journal']) rmSync(source + suffix, { force: true });
    renameSync(beside, source);
    return true;
  }

  /** Rows of SQLite that PostgreSQL has not, after a command that said that it has all of them. */
  async findMissing(): Promise<string[]> {
    const found = new Set(await this.#idsOfPostgres());
    const missing = this.#idsOfSqlite().filter((id) => !found.has(id));
    return missing.map((id) => `${id} of SQLite is not on PostgreSQL, and the command said that all is there`);
  }

  /** What is lost, doubled or wrong now, in words; nothing is the only right answer. */
  async findWrongs(): Promise<string[]> {
    const sqlite = this.#idsOfSqlite();
    const postgres = await this.#idsOfPostgres();
    return [
      ...this.#findDoubled('sqlite', sqlite),
      ...this.#findDoubled('postgres', postgres),
      ...this.#findLost({ sqlite: new Set(sqlite), postgres: new Set(postgres) }),
      ...this.#findDamage(),
    ];
  }

  #findDoubled(side: Side, ids: readonly number[]): string[] {
    return ids.filter((id, at) => ids.indexOf(id) !== at).map((id) => `${side} has ${id} twice`);
  }

  /** A row is where it was acknowledged, or in the application's database, or given up by name and kept in a file. */
  #findLost(found: Readonly<Record<Side, ReadonlySet<number>>>): string[] {
    const { side } = this;
    const kept = this.givenUp.size > 0 ? this.#readKept() : new Set<number>();
    return this.writes.flatMap((write) => {
      const isAnywhere = found.sqlite.has(write.id) || found.postgres.has(write.id) || kept.has(write.id);
      if (!isAnywhere) return [`${write.id}, acknowledged by ${write.side}, is nowhere`];
      // What the application wrote to its own database must be in the database that it has now.
      const isOwn = write.side === write.world && !this.givenUp.has(write.side);
      return isOwn && !found[side].has(write.id) ? [`${write.id} of ${write.side} is not on ${side}`] : [];
    });
  }

  /** What the commands kept in files: writes of PostgreSQL as lines of JSON, and replaced files of SQLite. */
  #readKept(): Set<number> {
    const { folder } = this.app;
    const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
    const saved = names
      .filter((name) => name.endsWith('.jsonl'))
      .map((name) => readFileSync(join(folder, name), 'utf8'));
    const savedIds = [...saved.join('').matchAll(/"id": ?"?(\d+)/g)].map((match) => Number(match[1]));
    const replaced = names.filter((name) => /\.replaced-[0-9a-f]{12}(-\d+)?$/.test(name));
    return new Set([...savedIds, ...replaced.flatMap((name) => idsIn(join(folder, name)))]);
  }

  #findDamage(): string[] {
    const answers: string[] = [];
    const isOpen = this.onSqlite((db) => answers.push(String(db.pragma('integrity_check', { simple: true }))));
    return isOpen && answers[0] === 'ok' ? [] : [`integrity_check of SQLite: ${answers[0] ?? 'no answer'}`];
  }

  #idsOfSqlite(): number[] {
    return idsIn(this.app.source);
  }

  async #idsOfPostgres(): Promise<number[]> {
    const { rows: found } = await this.client.query(`SELECT to_regclass('public.log') IS NOT NULL AS is`);
    if (found[0]?.is !== true) return [];
    const { rows } = await this.client.query<{ id: string }>('SELECT id FROM log ORDER BY id');
    return rows.map(({ id }) => Number(id));
  }
}

function idsIn(path: string): number[] {
  const db = new Database(path, { readonly: true });
  try {
    return db.prepare<[], number>('SELECT id FROM log ORDER BY id').pluck().all();
  } catch {
    return [];
  } finally {
    db.close();
  }
}
