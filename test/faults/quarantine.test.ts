import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { runCommand, runJson } from '../support/command.js';
import { withDatabase } from '../support/database.js';
import { withFolder } from '../support/folder.js';
import { quarantinedByTable, makeOrphans, readQuarantined } from '../support/orphans.js';
import { assertNoBackends, planted, runState } from '../support/runs.js';

/** A statement after which the process is killed, and the how manieth of its kind. */
const moments: readonly (readonly [text: string, when: number, what: string])[] = [
  ['SAVEPOINT pgferry_rows', 3, 'while rows of a chunk go in small pieces'],
  ['COPY "pgferry"."quarantine"', 2, 'while a chunk sends its refused rows to the quarantine'],
  ['DELETE FROM "public"."child"', 1, 'while children go with their parents'],
  ['UPDATE "public"."loose"', 1, 'while references become NULL'],
];

for (const [text, when, what] of moments) {
  test(`killed ${what}, a run goes on and keeps the very same rows`, async () => {
    await withFolder((folder) =>
      withDatabase(async (url, client) => {
        const args = await makeOrphans(folder, url, client);
        const counter = join(folder, 'counter');
        const env = planted({ at: 'kill', when, text, where: 'threads', counter });
        const killed = await runCommand(args, { cwd: folder, env });
        assert.equal(killed.signal, 'SIGKILL', killed.stderr);
        await assertNoBackends(client);
        assert.equal(await runState(client), 'copying');
        const { exitCode, json, stderr } = await runJson(args, { cwd: folder });
        assert.equal(exitCode, 0, stderr);
        assert.ok(json.chunksResumed > 0 || when < 4, stderr);
        assert.deepEqual(await readQuarantined(client), quarantinedByTable);
        for (const { table, sourceRows, copiedRows, quarantinedRows, ok } of json.tables) {
          assert.deepEqual([sourceRows, ok], [copiedRows + quarantinedRows, true], table);
        }
        const verified = await runJson(['verify', ...args.slice(1, 5)], { cwd: folder });
        assert.equal(verified.exitCode, 0, verified.stderr);
      }),
    );
  });
}
