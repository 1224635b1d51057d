import assert from 'node:assert/strict';
import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  decideRestore,
  type KnownContents,
  readSourceState,
  refuseClosedByOther,
  type SourceState,
} from '../../src/commands/cutover/source-state.js';
import { CopierError } from '../../src/model/error.js';
import type { Settings } from '../../src/model/settings.js';
import { closeSourceTables, reopenSourceTables } from '../../src/source/live/closing.js';
import { Database } from '../../src/source/sqlite.js';
import { makeSqlite, withFolder } from '../support/folder.js';

const sql = `CREATE TABLE one (id INTEGER PRIMARY KEY, t TEXT); INSERT INTO one VALUES (1, 'a'), (2, 'b');`;
const cutoverId = 'c0ffee';

interface Files {
  readonly live: string;
  readonly snapshot: string;
}

async function withFiles(use: (files: Files) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    const live = makeSqlite(folder, sql);
    const snapshot = join(folder, 'snapshot.db');
    copyFileSync(live, snapshot);
    await use({ live, snapshot });
  });
}

function change(path: string, work: (db: Database) => void): number {
  const db = new Database(path);
  try {
    work(db);
    return Number(db.pragma('schema_version', { simple: true }));
  } finally {
    db.close();
  }
}

const close = (path: string) => change(path, (db) => closeSourceTables(db, cutoverId, new Date()));
const write = (path: string) =>
  change(path, (db) => void db.exec(`INSERT INTO one VALUES (3, 'c'); DELETE FROM one WHERE id = 1`));

type Contents = Omit<KnownContents, 'current'> & { readonly current: string | null };

/** What is decided, and the warnings, or the code of the refusal. */
async function decisionOf(
  state: SourceState,
  { live, snapshot }: Files,
  given: {
    readonly sourceWrites?: Settings['sourceWrites'];
    readonly isRestored?: boolean;
    readonly carried?: Contents;
  } = {},
) {
  const warnings: string[] = [];
  const { sourceWrites = 'refuse', isRestored = false, carried } = given;
  const settings = { sourceWrites };
  const warn = (text: string) => void warnings.push(text);
  try {
    const contents = carried && { carried: { ...carried, current: async () => carried.current } };
    const request = { livePath: live, snapshotPath: snapshot, isRestored, settings, warn, ...contents };
    return { move: await decideRestore(state, request), warnings };
  } catch (error) {
    assert.ok(error instanceof CopierError);
    return { refused: error.code, says: error.message };
  }
}

test('a file that the very cutover closed, and nobody changed since, is closed', () =>
  withFiles(async ({ live }) => {
    const schemaVersion = close(live);
    assert.deepEqual(await readSourceState(live, { cutoverId, schemaVersion }), { tag: 'closed' });
    const unknown = await readSourceState(live, { cutoverId, schemaVersion: null });
    assert.deepEqual(unknown, { tag: 'open', closedBy: cutoverId });
  }));

test('a file that another cutover closed, that was changed since, or that takes writes is open', () =>
  withFiles(async ({ live }) => {
    const schemaVersion = close(live);
    const state = (id: string, version: number) => readSourceState(live, { cutoverId: id, schemaVersion: version });
    assert.deepEqual(await state('beef', schemaVersion), { tag: 'open', closedBy: cutoverId });
    change(live, (db) => void db.exec('CREATE TABLE two (a)'));
    assert.deepEqual(await state(cutoverId, schemaVersion), { tag: 'open', closedBy: cutoverId });
    reopenSourceTables(live);
    assert.deepEqual(await state(cutoverId, schemaVersion), { tag: 'open', closedBy: null });
  }));

test('a file that is gone, or no database any more, is lost', () =>
  withFiles(async ({ live }) => {
    const closing = { cutoverId, schemaVersion: null };
    assert.deepEqual(await readSourceState(`${live}.gone`, closing), { tag: 'lost', why: 'it is not there' });
    writeFileSync(live, Buffer.alloc(8192, 7));
    assert.equal((await readSourceState(live, closing)).tag, 'lost');
  }));

test('the snapshot takes the place of a lost file, and goes into a closed one', () =>
  withFiles(async (files) => {
    const lost = await decisionOf({ tag: 'lost', why: 'it is not there' }, files);
    assert.deepEqual(lost, {
      move: 'replace-file',
      warnings: ['the database that will be replaced cannot be read: it is not there'],
    });
    assert.deepEqual(await decisionOf({ tag: 'closed' }, files), { move: 'restore', warnings: [] });
  }));

test('an open file that took no writes is left as it is', () =>
  withFiles(async (files) => {
    for (const sourceWrites of ['refuse', 'keep', 'discard'] as const) {
      const decided = await decisionOf({ tag: 'open', closedBy: null }, files, { sourceWrites });
      assert.deepEqual(decided, { move: 'leave', warnings: [] });
    }
  }));

test('writes of an open file are counted, and stop, stay or are set aside as the operator says', () =>
  withFiles(async (files) => {
    write(files.live);
    const open = { tag: 'open', closedBy: null } as const;
    const counts = 'one (1 row only there, 1 row gone or changed)';
    const refused = await decisionOf(open, files);
    assert.equal(refused.refused, 'rollback.source_writes');
    assert.ok(refused.says?.includes(counts), refused.says);
    assert.deepEqual(await decisionOf(open, files, { sourceWrites: 'keep' }), {
      move: 'leave',
      warnings: [`SQLite keeps what it took since it was moved: ${counts}`],
    });
    assert.deepEqual(await decisionOf(open, files, { sourceWrites: 'discard' }), {
      move: 'close-and-restore',
      warnings: [`set aside with the replaced file: ${counts}`],
    });
  }));

test('what an open file took since an attempt before restored it is never set aside, whatever the operator says', () =>
  withFiles(async (files) => {
    write(files.live);
    const given = { isRestored: true, sourceWrites: 'discard' } as const;
    const decided = await decisionOf({ tag: 'open', closedBy: null }, files, given);
    assert.equal(decided.move, 'leave');
    assert.match(decided.warnings?.join() ?? '', /was restored by an attempt before/);
  }));

test('a closed file that was changed since is restored, or opened where it is kept, and never left closed', () =>
  withFiles(async (files) => {
    const closed: SourceState = { tag: 'open', closedBy: cutoverId };
    close(files.live);
    change(files.live, (db) => void db.exec('VACUUM'));
    assert.deepEqual(await decisionOf(closed, files), { move: 'restore', warnings: [] });
    assert.deepEqual(await decisionOf(closed, files, { isRestored: true }), { move: 'restore', warnings: [] });
    change(files.live, (db) => {
      db.exec('DROP TRIGGER pgferry_closed_insert_0');
      db.exec(`INSERT INTO one VALUES (3, 'c')`);
    });
    const isRestored = true;
    const refused = await decisionOf(closed, files, { isRestored });
    assert.equal(refused.refused, 'rollback.source_writes');
    assert.equal((await decisionOf(closed, files, { isRestored, sourceWrites: 'keep' })).move, 'reopen');
    assert.equal((await decisionOf(closed, files, { isRestored, sourceWrites: 'discard' })).move, 'restore');
  }));

test('a file that another cutover closed is left to that one', () => {
  const refuse = (closedBy: string | null) => refuseClosedByOther({ tag: 'open', closedBy }, 'app.db', cutoverId);
  refuse(null);
  refuse(cutoverId);
  assert.throws(() => refuse('beef'), { code: 'rollback.other_run', message: /closed by cutover beef/ });
});

test('an open file is known by what was put in place of it, and replaced only where PostgreSQL holds something else', () =>
  withFiles(async (files) => {
    const open = { tag: 'open', closedBy: null } as const;
    const copy = `${files.snapshot}.carried`;
    copyFileSync(files.snapshot, copy);
    write(copy);
    const decide = async (carried: Contents, isRestored: boolean) => {
      const decision = await decisionOf(open, files, { carried, isRestored });
      return decision.refused ?? decision.move;
    };
    const known = { copies: [copy], restored: copy };
    // The file is the snapshot.
    assert.equal(await decide({ ...known, current: files.snapshot }, false), 'leave');
    assert.equal(await decide({ ...known, current: null }, false), 'close-and-restore');
    assert.equal(await decide({ ...known, current: copy }, false), 'close-and-restore');
    // It is the copy.
    write(files.live);
    assert.equal(await decide({ ...known, current: copy }, false), 'leave');
    assert.equal(await decide({ ...known, current: null }, true), 'close-and-restore');
    assert.equal(await decide({ ...known, current: files.snapshot }, true), 'close-and-restore');
    const closedAgain = await decisionOf({ tag: 'open', closedBy: cutoverId }, files, {
      carried: { ...known, current: null },
    });
    assert.equal(closedAgain.move, 'restore');
    // It took something since: it stays where it was restored as PostgreSQL is now, and is nobody's to replace otherwise.
    change(files.live, (db) => void db.exec(`INSERT INTO one VALUES (9, 'z')`));
    assert.equal(await decide({ ...known, current: copy }, true), 'leave');
    assert.equal(await decide({ ...known, current: null }, true), 'rollback.source_writes');
    assert.equal(await decide({ ...known, restored: files.snapshot, current: copy }, true), 'rollback.source_writes');
    assert.equal(await decide({ ...known, current: copy }, false), 'rollback.source_writes');
  }));

test('what a virtual table of a closed file took, which no trigger can refuse, is counted before it is replaced', async () => {
  await withFiles(async ({ live, snapshot }) => {
    change(live, (db) => void db.exec(`CREATE VIRTUAL TABLE words USING fts5 (t); INSERT INTO words VALUES ('one')`));
    copyFileSync(live, snapshot);
    const schemaVersion = close(live);
    const look = () => readSourceState(live, { cutoverId, schemaVersion });
    assert.equal((await decisionOf(await look(), { live, snapshot })).move, 'restore');
    change(live, (db) => void db.exec(`INSERT INTO words VALUES ('two')`));
    assert.deepEqual(await look(), { tag: 'closed' });
    const refused = await decisionOf(await look(), { live, snapshot });
    assert.match(JSON.stringify(refused), /rollback\.source_writes/);
    assert.equal((await decisionOf(await look(), { live, snapshot }, { sourceWrites: 'keep' })).move, 'reopen');
    assert.equal((await decisionOf(await look(), { live, snapshot }, { sourceWrites: 'discard' })).move, 'restore');
  });
});
