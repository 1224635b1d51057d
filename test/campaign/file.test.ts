import assert from 'node:assert/strict';
import fs, { renameSync, rmSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { test } from 'node:test';
import { decideRestore, readSourceState, restoreSource } from '../../src/commands/cutover/source-state.js';
import { hashFileSync } from '../../src/cutover/restored-file.js';
import { CopierError } from '../../src/model/error.js';
import { reopenSourceTables } from '../../src/source/live/closing.js';
import { withFence } from '../../src/source/live/fence.js';
import { Database } from '../../src/source/sqlite.js';
import { makeSqlite, withFolder } from '../support/folder.js';
import { runCount } from '../support/run-count.js';
import { drawOf } from './draw.js';

/*
 * The campaign's part that needs no server, by the thousand: the SQLite file is closed, restored and opened again, while at
 * drawn points somebody else acts or the disk fails, one after the other. Nobody gives up anything: whatever the file
 * acknowledged is in it at every moment. A longer one: PGFERRY_FILE_CAMPAIGN=10000, from the seed PGFERRY_SEED on.
 */

const SqliteError = Database.SqliteError;

/** What happens at the points of a step, by their number. */
let planned = new Map<number, (code: string) => void>();
let points = 0;
let isInside = true;

/** Every statement of SQLite and every change of a file is a point. Undone by the function that it gives back. */
function plant(): () => void {
  const undo: (() => void)[] = [];
  const wrap = (holder: object, name: string, code = 'SQLITE_IOERR') => {
    const methods = holder as Record<string, (this: unknown, ...args: unknown[]) => unknown>;
    const made = methods[name];
    assert.ok(made !== undefined, name);
    methods[name] = function (this: unknown, ...args: unknown[]) {
      if (!isInside) pass(code);
      return made.apply(this, args);
    };
    undo.push(() => {
      methods[name] = made;
    });
  };
  const db = new Database(':memory:');
  const statement: object = Object.getPrototypeOf(db.prepare('SELECT 1'));
  db.close();
  for (const name of ['exec', 'pragma', 'backup']) wrap(Database.prototype, name);
  for (const name of ['run', 'get', 'all']) wrap(statement, name);
  for (const name of ['openSync', 'writeSync', 'renameSync', 'linkSync', 'fsyncSync', 'rmSync', 'fchmodSync'])
    wrap(fs, name);
  syncBuiltinESMExports();
  return () => {
    for (const one of undo) one();
    syncBuiltinESMExports();
  };
}

function pass(code: string): void {
  points += 1;
  const act = planned.get(points);
  isInside = true;
  try {
    act?.(code);
  } finally {
    isInside = false;
  }
}

interface Known {
  readonly cutoverId: string;
  readonly schemaVersion: number;
  readonly snapshotPath: string;
}

class FileWorld {
  readonly steps: string[] = [];
  readonly acknowledged = new Set<number>([1, 2, 3]);
  readonly path: string;
  #known: Known | null = null;
  #next = 100;

  constructor(
    readonly folder: string,
    readonly below: (limit: number) => number,
  ) {
    const mode = below(2) === 0 ? 'WAL' : 'DELETE';
    const sql = `CREATE TABLE t (id INTEGER NOT NULL, more BLOB); INSERT INTO t VALUES (1, zeroblob(9000)), (2, NULL), (3, NULL)`;
    this.path = makeSqlite(folder, `PRAGMA journal_mode = ${mode}; ${sql}`);
  }

  async run(): Promise<string | null> {
    for (let left = 3 + this.below(3); left > 0; left--) {
      const step = this.#known === null || this.below(3) === 0 ? this.#close : this.#restore;
      await this.#disturbed(step === this.#close ? 'close' : 'restore', () => step.call(this));
      if (this.below(3) === 0) this.#act();
      const wrong = this.#findWrong();
      if (wrong !== null) return wrong;
    }
    return null;
  }

  /** Runs a step with what was drawn for its points; it may fail, but only as it should. */
  async #disturbed(name: string, step: () => Promise<string>): Promise<void> {
    planned = new Map();
    points = 0;
    for (let count = this.below(4); count > 0; count--) {
      const at = 1 + this.below(90);
      planned.set(at, this.below(3) > 0 ? () => this.#act() : (code) => this.#fail(code));
    }
    isInside = false;
    let ending: string;
    try {
      ending = await step();
    } catch (error) {
      ending = error instanceof CopierError ? error.code : String(error);
      if (!/disk I\/O error|i\/o error/.test(String(error)) && !(error instanceof CopierError)) throw error;
    } finally {
      isInside = true;
    }
    this.steps.push(`${name} (${points} points): ${ending}`);
  }

  #fail(code: string): never {
    this.steps.push(`the disk fails at ${points}`);
    if (code === 'SQLITE_IOERR') throw new SqliteError('disk I/O error', code);
    throw Object.assign(new Error('EIO: i/o error'), { code, errno: -5, syscall: 'drawn' });
  }

  async #close(): Promise<string> {
    const cutoverId = `c${this.#next}a`.replace(/[^0-9a-f]/g, '');
    const snapshotPath = join(this.folder, `snapshot-${this.#next++}.db`);
    let hasClosed = false;
    try {
      const schemaVersion = await withFence(this.path, { timeoutMs: 0 }, async (fence) => {
        const db = new Database(this.path, { readonly: true });
        try {
          await db.backup(snapshotPath);
        } finally {
          db.close();
        }
        fence.check();
        const version = fence.prepareClosing(cutoverId, new Date(0));
        fence.check();
        hasClosed = true;
        fence.commitClosing();
        return version;
      });
      this.#known = { cutoverId, schemaVersion, snapshotPath };
      return 'closed';
    } catch (error) {
      // As a cutover is undone.
      if (hasClosed) reopenSourceTables(this.path);
      throw error;
    }
  }

  async #restore(): Promise<string> {
    assert.ok(this.#known !== null);
    const { cutoverId, snapshotPath } = this.#known;
    const state = await readSourceState(this.path, this.#known);
    const move = await decideRestore(state, {
      livePath: this.path,
      snapshotPath,
      isRestored: false,
      settings: { sourceWrites: 'refuse' },
      warn: () => undefined,
    });
    await restoreSource(move, {
      livePath: this.path,
      snapshotPath,
      snapshotSha256: hashFileSync(snapshotPath),
      replacedPath: `${this.path}.replaced-${cutoverId}`,
      journalMode: 'delete',
    });
    return move;
  }

  /** What somebody else does, who waits for nobody. */
  #act(): void {
    const acts: readonly (readonly [string, (db: Database) => void])[] = [
      ['a write', (db) => this.#write(db)],
      ['a write', (db) => this.#write(db)],
      ['an opening by hand, and a write', (db) => this.#openAndWrite(db)],
      ['a checkpoint', (db) => db.pragma('wal_checkpoint(TRUNCATE)')],
      ['VACUUM', (db) => db.exec('VACUUM')],
      ['another page size', (db) => db.exec('PRAGMA page_size = 8192; VACUUM')],
      ['WAL', (db) => db.pragma('journal_mode = WAL')],
      ['no WAL', (db) => db.pragma('journal_mode = DELETE')],
      ['another file', (db) => this.#replace(db)],
    ];
    const [what, act] = acts[this.below(acts.length)] ?? assert.fail();
    let ending = 'done';
    try {
      const db = new Database(this.path, { timeout: 0, fileMustExist: true });
      try {
        act(db);
      } finally {
        db.close();
      }
    } catch (error) {
      ending = (error as Error).message;
    }
    this.steps.push(`${what} at ${points}: ${ending}`);
  }

  #write(db: Database): void {
    const id = this.#next++;
    db.prepare('INSERT INTO t VALUES (?, NULL)').run(id);
    this.acknowledged.add(id);
  }

  #openAndWrite(db: Database): void {
    const names = db.prepare<[], string>(`SELECT name FROM sqlite_schema WHERE type = 'trigger'`).pluck().all();
    for (const name of names) db.exec(`DROP TRIGGER "${name}"`);
    this.#write(db);
  }

  /** The same rows under another inode, as by a restored backup. */
  #replace(db: Database): void {
    const beside = `${this.path}.other`;
    rmSync(beside, { force: true });
    db.prepare('VACUUM INTO ?').run(beside);
    db.close();
    for (const suffix of ['-wal', '-shm', '-journal']) rmSync(this.path + suffix, { force: true });
    renameSync(beside, this.path);
  }

  #findWrong(): string | null {
    const db = new Database(this.path, { fileMustExist: true });
    try {
      const ids = db.prepare<[], number>('SELECT id FROM t').pluck().all();
      const lost = [...this.acknowledged].filter((id) => !ids.includes(id));
      if (lost.length > 0) return `lost ${lost.join(', ')}`;
      if (new Set(ids).size !== ids.length) return `doubled among ${ids.join(', ')}`;
      const health = String(db.pragma('integrity_check', { simple: true }));
      return health === 'ok' ? null : health;
    } finally {
      db.close();
    }
  }
}

test('a file that is closed and restored while others act and the disk fails keeps what it acknowledged', async (t) => {
  const count = Number(process.env['PGFERRY_FILE_CAMPAIGN'] ?? runCount({ usual: 60, full: 2000 }));
  const firstSeed = Number(process.env['PGFERRY_SEED'] ?? 1);
  const failed: string[] = [];
  const undo = plant();
  try {
    for (let seed = firstSeed; seed < firstSeed + count; seed++) {
      const wrong = await withFolder(async (folder) => {
        const world = new FileWorld(folder, drawOf(seed));
        const found = await world.run().catch((error: unknown) => (error as Error).stack ?? String(error));
        return found === null ? null : [`seed ${seed}: ${found}`, ...world.steps].join('\n  ');
      });
      if (wrong !== null) failed.push(wrong);
      if (wrong !== null && process.env['PGFERRY_STEPS'] === '1') console.error(wrong);
    }
  } finally {
    undo();
  }
  t.diagnostic(`${count} schedules from seed ${firstSeed} on, ${failed.length} of them wrong`);
  assert.deepEqual(failed, []);
});
