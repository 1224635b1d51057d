import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import type pg from 'pg';
import { Database } from '../../src/source/sqlite.js';
import { withDatabase } from '../support/database.js';
import { withFolder } from '../support/folder.js';
import {
  type App,
  ending,
  envAfter,
  envBefore,
  firstWords,
  makeSampleApp,
  runFor,
  type Server,
  startProgram,
  statusOf,
  withServer,
} from '../support/journey.js';
import { root } from '../support/page.js';
import { generatePrismaClients } from '../support/prisma-clients.js';

/*
 * The whole runbook with a real application: served from SQLite, cut over while everybody writes, served from
 * PostgreSQL, taken back. Every write that was acknowledged to somebody is looked for where it must be.
 */

const run = promisify(execFile);
/** Prisma's modules are found from the application's folder upward, so the space is in a folder below it. */
const folderWithSpace = "the app's home";

async function checkServed({ get }: Server, provider: string): Promise<{ readonly audit: number }> {
  for (const path of ['/', '/login', '/api/status']) assert.equal((await get(path)).status, 200, `${provider} ${path}`);
  const status = JSON.parse((await get('/api/status')).body) as { provider: string; users: number; audit: number };
  assert.equal(status.provider, provider);
  assert.equal(status.users, 140);
  return status;
}

/** Posts one row after another until it is told to stop; gives the ids that were acknowledged. */
function hammerOver({ post }: Server): { readonly stop: () => Promise<string[]>; readonly began: Promise<void> } {
  let isStopped = false;
  const acknowledged: string[] = [];
  let begin = () => {};
  const began = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const loop = (async () => {
    for (let number = 0; !isStopped; number++) {
      const id = `http-${number}`;
      if ((await post(`/api/audit?id=${id}`)).status === 201) acknowledged.push(id);
      if (acknowledged.length === 3) begin();
    }
  })();
  return {
    began,
    stop: async () => {
      isStopped = true;
      await loop;
      return acknowledged;
    },
  };
}

/** Processes of their own: some give up on a lock soon and try again, one waits for it longer than any cutover takes. */
const busyTimeouts = { hasty: 20, patient: 120_000 };

async function startWriters(app: App) {
  const writers = Object.entries(busyTimeouts).map(([name, timeoutMs]) => {
    const notes = join(app.folder, `${name}.txt`);
    writeFileSync(notes, '');
    return { child: startProgram('./journey-writer.js', [app.source, name, notes, String(timeoutMs)]), notes };
  });
  await Promise.all(writers.map(({ child }) => firstWords(child)));
  return writers.map(({ child, notes }) => {
    let said = '';
    child.stdout?.on('data', (bytes: Buffer) => {
      said += bytes.toString();
    });
    return {
      end: async () => {
        await ending(child);
        return { said, acknowledged: readFileSync(notes, 'utf8').trim().split('\n') };
      },
    };
  });
}

async function hammeredIds(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ id: string }>(
    `SELECT id FROM "AuditLog" WHERE action IN ('hammered', 'journey') ORDER BY id COLLATE "C"`,
  );
  return rows.map(({ id }) => id);
}

test('a real application is cut over while everybody writes, runs on PostgreSQL, and is taken back; no acknowledged write is lost', async () => {
  await withFolder((home) =>
    withDatabase(async (url, client) => {
      const folder = join(home, folderWithSpace);
      mkdirSync(folder);
      await generatePrismaClients(folder);
      const app = makeSampleApp(folder, url);

      const { acknowledged, runDir } = await withServer(app, async (server) => {
        await checkServed(server, 'sqlite');
        const writers = await startWriters(app);
        const http = hammerOver(server);
        await http.began;
        const cut = await runFor(app, 'cutover');
        assert.equal(cut.exitCode, 0, cut.stderr);
        assert.equal(cut.json.state, 'switched');
        const ends = await Promise.all(writers.map(({ end }) => end()));
        for (const { said } of ends) {
          assert.match(
            said,
            /SQLITE_CONSTRAINT_TRIGGER: this database was moved to PostgreSQL by pgferry on .+; writes go there/,
          );
        }
        const overHttp = await http.stop();
        const refused = await server.post('/api/audit?id=too-late');
        assert.equal(refused.status, 503);
        // SQLite's own message is in the writers' words above; Prisma makes this of it.
        assert.match(refused.body, /Foreign key constraint violated/);
        // Reads go on: the pages that people look at are there until the application is started anew.
        await checkServed(server, 'sqlite');
        const all = [...overHttp, ...ends.flatMap((end) => end.acknowledged)];
        return { acknowledged: all.sort(), runDir: cut.json.runDir ?? '' };
      });

      assert.ok(acknowledged.length > 20, `${acknowledged.length} writes`);
      assert.deepEqual(await hammeredIds(client), acknowledged);
      assert.equal(readFileSync(app.envPath, 'utf8'), envAfter);
      assert.equal(statSync(app.envPath).mode & 0o777, 0o640);
      await run('sha256sum', ['-c', '--quiet', 'manifest.sha256'], { cwd: runDir });
      const status = await statusOf(app);
      assert.deepEqual(
        [status?.state, status?.application, status?.isClosed, status?.alarms],
        ['switched', 'postgres', true, []],
      );

      const { audit, written } = await withServer(app, async (server) => {
        const before = await checkServed(server, 'postgres');
        assert.equal((await server.post('/api/audit?id=on-postgres')).status, 201);
        const row = await server.get('/api/audit?id=on-postgres');
        return { audit: before.audit, written: JSON.parse(row.body) as unknown };
      });

      const byMake = async (more: Record<string, string>) => {
        const script = `source '${join(runDir, 'rollback.env').replaceAll("'", `'\\''`)}' && exec make --no-print-directory -C "$1" -o build db-pg-rollback ARGS=--json`;
        const env = {
          ...app.env,
          PATH: process.env['PATH'] ?? '',
          HOME: home,
          SQLITE_DB_PATH: '',
          VPS_ENV_FILE: '',
          ...more,
        };
        try {
          return { exitCode: 0, ...(await run('bash', ['-c', script, 'bash', root], { cwd: dirname(home), env })) };
        } catch (error) {
          return error as { code: number; stdout: string; stderr: string };
        }
      };
      const refused = await byMake({ ROLLBACK_TARGET_WRITES: 'refuse' });
      assert.match(refused.stderr, /PostgreSQL took writes since the switch.*AuditLog \(.* rows then, .* now\)/);
      assert.match(refused.stderr, /Error 24/);
      assert.equal(readFileSync(app.envPath, 'utf8'), envAfter);

      const back = await byMake({});
      const json = JSON.parse(back.stdout);
      assert.equal(json.state, 'rolled_back', back.stderr);
      assert.deepEqual(json.carried, [{ table: 'AuditLog', inserted: 1, updated: 0, deleted: 0 }]);
      assert.deepEqual(json.savedWrites, []);
      assert.equal(readFileSync(app.envPath, 'utf8'), envBefore);
      assert.equal(statSync(app.envPath).mode & 0o777, 0o640);
      await assert.rejects(client.query(`DELETE FROM "AuditLog"`), /left for SQLite by pgferry/);

      await withServer(app, async (server) => {
        assert.equal((await checkServed(server, 'sqlite')).audit, audit + 1);
        // The client of SQLite reads what the client of PostgreSQL wrote.
        const carried = await server.get('/api/audit?id=on-postgres');
        assert.deepEqual(JSON.parse(carried.body), written);
        assert.equal((await server.post('/api/audit?id=back-home')).status, 201);
      });
      const db = new Database(app.source, { readonly: true });
      const ids = db
        .prepare(`SELECT id FROM AuditLog WHERE action IN ('hammered', 'journey') ORDER BY id`)
        .pluck()
        .all();
      db.close();
      assert.deepEqual(ids, [...acknowledged, 'back-home', 'on-postgres'].sort());
      const kept = readdirSync(folder).filter((name) => name.startsWith('app.db.replaced-'));
      assert.ok(kept.includes(json.replacedPath.slice(folder.length + 1)), kept.join(' '));
      const last = await statusOf(app);
      assert.deepEqual([last?.state, last?.application, last?.isClosed], ['rolled_back', 'sqlite', false]);
    }),
  );
});
