import assert from 'node:assert/strict';
import { existsSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type pg from 'pg';
import { confirmation } from '../../src/commands/cutover/preflight.js';
import { Database } from '../../src/source/sqlite.js';
import { runCommand } from '../support/command.js';
import { runFor, statusOf, writeToSqlite } from '../support/journey.js';
import {
  assertNew,
  assertOld,
  envSwitch,
  leftBeside,
  linkSwitch,
  type Own,
  withOwn,
  yamlSwitch,
} from '../support/own-app.js';
import { isFull } from '../support/run-count.js';
import { planted } from '../support/runs.js';

/*
 * kill -9 before each rename of a cutover and of a rollback with four switches, and within the command that is one of
 * them. Whatever world each switch is in then, status says what comes next, and the same command ends it.
 */

async function runWithFault(app: Own, command: 'cutover' | 'rollback', at: 'kill' | 'count', when: number) {
  const counter = join(app.folder, `${command}-${when}`);
  const fault = planted({ at, when, call: 'renameSync', where: 'main', counter });
  const args = command === 'cutover' ? [command, ...app.args] : [command];
  const ended = await runCommand(args, {
    cwd: app.folder,
    env: { ...app.env, ...fault, CUTOVER_CONFIRM: confirmation },
  });
  return { ended, count: existsSync(counter) ? statSync(counter).size : 0 };
}

async function goOn(app: Own, client: pg.Client, isTaken: boolean): Promise<void> {
  const again = await runFor(app, 'cutover', { args: app.args });
  if (again.exitCode !== 0) assert.equal(again.json.error?.code, 'cutover.already_switched', again.stderr);
  assertNew(app);
  const status = await statusOf(app);
  assert.deepEqual([status?.application, status?.state], ['postgres', 'switched']);
  const { rows } = await client.query<{ id: string }>('SELECT id FROM child ORDER BY id');
  assert.deepEqual(
    rows.map(({ id }) => Number(id)),
    isTaken ? [1, 2, 3, 77] : [1, 2, 3],
  );
  assert.equal(writeToSqlite(app, 78), false);
}

let mixed = 0;

test('a cutover that is killed before any of its renames is ended by the same command', async () => {
  let count = 0;
  await withOwn({}, async (app) => {
    const counted = await runWithFault(app, 'cutover', 'count', 0);
    assert.equal(counted.ended.exitCode, 0, counted.ended.stderr);
    count = counted.count;
  });
  assert.ok(count >= 3, 'two files and a link');
  for (let when = 1; when <= count; when++) {
    await withOwn({}, async (app, client) => {
      const { ended } = await runWithFault(app, 'cutover', 'kill', when);
      assert.equal(ended.signal, 'SIGKILL', ended.stderr);
      const isTaken = writeToSqlite(app, 77);
      const status = await statusOf(app);
      if (/some switches .* are done/.test(status?.next ?? '')) {
        mixed += 1;
        // Parts of the application may write to either side: nothing lets SQLite take writes now.
        const released = await runFor(app, 'release');
        assert.equal(released.json.error?.code, 'cutover.partly_switched');
      }
      await goOn(app, client, isTaken);
    });
  }
  assert.ok(mixed > 0, 'one of them dies between two switches');
});

test('a cutover that died before its first switch is released, and leaves nothing beside the files', async () => {
  let seen = 0;
  for (let when = 1; when <= 6 && seen === 0; when++) {
    await withOwn({}, async (app) => {
      await runWithFault(app, 'cutover', 'kill', when);
      const { next = '', application } = (await statusOf(app)) ?? {};
      if (application !== 'sqlite' || !next.includes('pgferry release')) return;
      seen += 1;
      assert.notDeepEqual(leftBeside(app), [], 'both versions of the files were prepared');
      const released = await runFor(app, 'release');
      assert.deepEqual([released.exitCode, released.json.state], [0, 'undone'], released.stderr);
      assertOld(app);
      assert.deepEqual(leftBeside(app), []);
      assert.equal(writeToSqlite(app, 77), true);
    });
  }
  assert.equal(seen, 1);
});

test('a rollback that is killed before any of its renames is ended by the same command', async () => {
  let count = 0;
  const switched = async (app: Own) => assert.equal((await runFor(app, 'cutover', { args: app.args })).exitCode, 0);
  await withOwn({}, async (app) => {
    await switched(app);
    count = (await runWithFault(app, 'rollback', 'count', 0)).count;
  });
  assert.ok(count >= 3, 'two files and a link');
  // Every rename with PGFERRY_FULL; else every other one, and the last.
  for (let when = count; when >= 1; when -= isFull ? 1 : 2) {
    await withOwn({}, async (app, client) => {
      await switched(app);
      await client.query("INSERT INTO child VALUES (90, 1, 'on postgres')");
      const { ended } = await runWithFault(app, 'rollback', 'kill', when);
      assert.equal(ended.signal, 'SIGKILL', ended.stderr);
      const again = await runFor(app, 'rollback');
      if (again.exitCode !== 0) assert.equal(again.json.error?.code, 'rollback.nothing', again.stderr);
      assertOld(app);
      assert.deepEqual(leftBeside(app), []);
      assert.equal(writeToSqlite(app, 77), true);
      const db = new Database(app.source, { readonly: true });
      assert.deepEqual(db.prepare('SELECT id FROM child ORDER BY id').pluck().all(), [1, 2, 3, 77, 90]);
      db.close();
    });
  }
});

/** Kills who started it, the first time. */
const deadly = (mark: string) => `if [ ! -e ${mark} ]; then touch ${mark}; kill -9 $PPID; fi`;

test('a cutover that is killed within a command runs it again, or takes it back', async () => {
  const command = { run: `${deadly('killed')}; echo on > command`, undo: 'rm -f command; touch undone' };
  const config = { switch: [envSwitch, yamlSwitch, command, linkSwitch] };
  await withOwn(config, async (app, client) => {
    const { ended } = await runWithFault(app, 'cutover', 'count', 0);
    assert.equal(ended.signal, 'SIGKILL');
    assert.match((await statusOf(app))?.next ?? '', /some switches/);
    await goOn(app, client, false);
    assert.ok(existsSync(join(app.folder, 'command')));
  });
  await withOwn(config, async (app) => {
    await runWithFault(app, 'cutover', 'count', 0);
    const back = await runFor(app, 'rollback');
    assert.equal(back.exitCode, 0, back.stderr);
    assertOld(app);
    assert.ok(existsSync(join(app.folder, 'undone')));
    assert.equal(writeToSqlite(app, 77), true);
  });
});

test('a cutover that is killed within a hook after the switch goes on with the hook', async () => {
  await withOwn({ hooks: { 'after-switch': [`${deadly('killed')}; touch restarted`] } }, async (app, client) => {
    const { ended } = await runWithFault(app, 'cutover', 'count', 0);
    assert.equal(ended.signal, 'SIGKILL');
    assertNew(app);
    assert.match((await statusOf(app))?.next ?? '', /hooks or health checks after the switch are left/);
    writeFileSync(join(app.folder, 'restarted-before'), '');
    await goOn(app, client, false);
    assert.ok(existsSync(join(app.folder, 'restarted')));
  });
});

test('what is left after the switch is done without the config file, as the cutover was configured', async () => {
  await withOwn({ hooks: { 'after-switch': [`${deadly('killed')}; touch restarted`] } }, async (app) => {
    const { ended } = await runWithFault(app, 'cutover', 'count', 0);
    assert.equal(ended.signal, 'SIGKILL');
    rmSync(app.configPath);
    const again = await runFor(app, 'cutover', { args: ['--switch-env', '0'] });
    assert.deepEqual([again.exitCode, again.json.state], [0, 'switched'], again.stderr);
    assert.match(again.stderr, /as cutover \w+ was configured: hooks/);
    assert.ok(existsSync(join(app.folder, 'restarted')));
    assertNew(app);
  });
});
