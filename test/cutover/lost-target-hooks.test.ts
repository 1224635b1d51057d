import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { runFor, writeToSqlite } from '../support/journey.js';
import { assertNew, assertOld, read, withOwn } from '../support/own-app.js';

/* Hooks of a way back that PostgreSQL is not asked for, and a session that shows the application. */

test('where PostgreSQL is lost the hooks of the way back run, as rollback.env names them, and a failing one is told', async () => {
  const hooks = {
    'before-rollback': ['echo "$PGFERRY_EDGE $PGFERRY_CUTOVER_ID [$PGFERRY_TARGET_URL]" >> hooks.log; test ! -e stop'],
    'after-rollback': ['echo "$PGFERRY_EDGE" >> hooks.log; test ! -e fail'],
  };
  await withOwn({ hooks }, async (app) => {
    const cutover = await runFor(app, 'cutover', { args: app.args });
    assert.equal(cutover.exitCode, 0, cutover.stderr);
    const lines = readFileSync(cutover.json.rollbackEnvPath ?? '', 'utf8').matchAll(/^export (\w+)='?([^'\n]*)'?$/gm);
    const env = Object.fromEntries([...lines].map(([, name, value]) => [name, value]));
    const back = () => runFor({ ...app, folder: tmpdir() }, 'rollback', { args: ['--without-target'], env });
    writeFileSync(join(app.folder, 'stop'), '');
    const stopped = await back();
    assert.equal(stopped.json.error?.code, 'cutover.hook', stopped.stderr);
    assertNew(app);
    rmSync(join(app.folder, 'stop'));
    writeFileSync(join(app.folder, 'fail'), '');
    const failed = await back();
    assert.deepEqual([failed.exitCode, failed.json.error?.code], [25, 'stuck.hook'], failed.stderr);
    assert.match(failed.json.error?.hint ?? '', /the rollback itself is done: do by hand/);
    assertOld(app);
    assert.equal(writeToSqlite(app, 77), true);
    const before = `before-rollback ${cutover.json.cutoverId} []`;
    assert.deepEqual(read(app, 'hooks.log').trim().split('\n'), [before, before, 'after-rollback']);
  });
});

test('a session that the operator names shows that the application is there, and without it the cutover goes back', async () => {
  const health = [{ session: 'shop', within: '1s' }];
  await withOwn({ health }, async (app, client) => {
    await client.query("SET application_name = 'shop'");
    const { exitCode, stderr } = await runFor(app, 'cutover', { args: app.args });
    assert.equal(exitCode, 0, stderr);
    assert.match(stderr, /the application answers as "health" says/);
  });
  await withOwn({ health }, async (app, client) => {
    await client.query("SET application_name = 'another'");
    const { json } = await runFor(app, 'cutover', { args: app.args });
    assert.equal(json.error?.code, 'cutover.went_back');
    assert.match(json.error?.message ?? '', /shop: no session of it is connected/);
    assertOld(app);
  });
});
