import { afterCutover, afterFleet, afterStatus } from '../../src/cli/next-step.js';
import type { CutoverResult } from '../../src/model/cutover.js';
import type { RunStatus } from '../../src/model/status.js';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nextCommand, nextText } from '../../src/cli/next-line.js';
import { afterError, type NextStep } from '../../src/cli/next-step.js';
import { beginning } from '../../src/cli/help.js';
import { installed, ownCommand, ownLine } from '../../src/lib/own-command.js';
import { CopierError, toWire } from '../../src/model/error.js';

const migrate: NextStep = { command: 'migrate', words: [], why: 'it goes on' };

test('a next step names the command that this user has', () => {
  const calls = [
    ['dist/src/start.js', { MAKELEVEL: '1' }, 'make db-pg-migrate'],
    ['dist/src/start.js', {}, 'node dist/src/start.js migrate'],
    ['/srv/pgferry/dist/src/start.js', { MAKELEVEL: '1' }, 'node /srv/pgferry/dist/src/start.js migrate'],
    ['/srv/my tools/dist/src/start.js', {}, "node '/srv/my tools/dist/src/start.js' migrate"],
    ['node_modules/pgferry/dist/src/start.js', { MAKELEVEL: '1' }, 'pgferry migrate'],
    ['/usr/local/bin/pgferry', {}, 'pgferry migrate'],
    ['node_modules/.bin/pgferry', { npm_command: 'exec' }, 'npx pgferry migrate'],
    ['node_modules/pgferry/dist/src/start.js', { npm_config_user_agent: 'pnpm' }, 'pnpm exec pgferry migrate'],
  ] as const;
  for (const [script, env, line] of calls) assert.equal(ownLine(ownCommand(script, env), 'migrate'), line, script);
  const make = ownCommand('dist/src/start.js', { MAKELEVEL: '2' });
  assert.equal(ownLine(make, 'accept'), 'make db-pg-acceptance');
  assert.equal(ownLine(make, 'quarantine list'), 'make db-pg-quarantine');
  assert.equal(ownLine(make, 'plan', ['--tables', 'a$b c']), `make db-pg-plan ARGS='--tables '\\''a$$b c'\\'''`);
  assert.equal(ownLine(make, 'help', ['plan']), 'node dist/src/start.js help plan');
});

test('it repeats the sides and the flags that it knows, and nothing that must be said anew', () => {
  const flags = {
    sourcePath: 'my app.db',
    targetUrl: 'postgresql://app@db/app?schema=shop',
    sqlFolder: 'sql',
    fromSource: true,
    fresh: true,
    json: true,
    differencesMax: '5',
  } as const;
  const said = { own: installed, flags, configPath: 'rules.json' };
  assert.deepEqual(nextCommand(migrate, said), {
    command:
      "pgferry migrate 'my app.db' 'postgresql://app@db:5432/app?schema=shop' --sql-dir sql --from-source --config rules.json",
    why: 'it goes on',
    lacksPassword: false,
  });
  const verify = nextCommand({ ...migrate, command: 'verify' }, said).command;
  assert.match(verify, /^pgferry verify .* --differences-max 5 --config rules\.json$/);
  assert.doesNotMatch(verify, /sql-dir|from-source/);
});

test('no password is in a next step, and it says that one is left out', () => {
  const urls = {
    'postgresql://app:can@ry@db/app?schema=shop': "pgferry migrate 'postgresql://app@db:5432/app?schema=shop'",
    'postgresql://app:canary@db/app?sslmode=require':
      "pgferry migrate 'postgresql://app@db:5432/app?schema=public&sslmode=require'",
    'postgresql://app@db/app?password=canary': "pgferry migrate 'postgresql://app@db:5432/app?schema=public'",
    'mysql://app:canary@db/app': 'pgferry migrate',
  };
  for (const [targetUrl, command] of Object.entries(urls)) {
    const next = nextCommand(migrate, { own: installed, flags: { targetUrl }, configPath: null });
    assert.equal(next.command, command);
    assert.equal(nextText(next), `next: ${command}\n      (it goes on)\n      (the password of the URL is left out)\n`);
  }
  const open = { own: installed, flags: { targetUrl: 'postgresql://app@db/app' }, configPath: null };
  assert.doesNotMatch(nextText(nextCommand(migrate, open)), /left out/);
});

test('after a failure comes what its kind asks for', () => {
  const after = (name: string, code: ConstructorParameters<typeof CopierError>[0]) =>
    afterError(name, toWire(new CopierError(code, 'x', { hint: 'y' })));
  assert.deepEqual(after('migrate', 'usage.empty_value')?.words, ['migrate']);
  assert.equal(after('migrate', 'usage.empty_value')?.command, 'help');
  assert.equal(after('migrate', 'plan.refused')?.command, 'plan');
  assert.equal(after('migrate', 'target.unreachable')?.command, 'migrate');
  assert.equal(after('rollback', 'interrupted.by_operator')?.why, 'goes on where it stopped');
  assert.equal(after('migrate', 'bug.not_loaded'), null);
});

test('after a rehearsed way back comes the way back, and never a switch', () => {
  const rehearsed = (command: 'cutover' | 'rollback') =>
    afterCutover({ command, state: 'rehearsed' } as unknown as CutoverResult).command;
  assert.deepEqual([rehearsed('rollback'), rehearsed('cutover')], ['rollback', 'cutover']);
});

test('after a run that was accepted comes the rehearsal of the switch, and not the acceptance again', () => {
  const after = (command: string, ok: boolean, isOutdated = false) => {
    const run = { state: 'complete', compared: { command, ok, isOutdated } };
    return afterStatus({ run, cutover: null, follow: { isSourceChanged: false } } as unknown as RunStatus)?.command;
  };
  assert.deepEqual([after('accept', true), after('verify', true)], ['cutover', 'accept']);
  assert.deepEqual([after('accept', false), after('accept', true, true)], ['repair', 'accept']);
});

test('who names no command is told how to begin, as this user calls pgferry, on a terminal of 80 columns', () => {
  const npx = beginning(ownCommand('node_modules/.bin/pgferry', { npm_command: 'exec' }));
  assert.match(npx, /^ {2}npx pgferry migrate app\.db postgresql:\/\/USER@HOST\/DATABASE$/m);
  assert.ok(npx.split('\n').every((line) => line.length < 80));
});

test('which files a fleet has, and as what, is repeated until they are entered', () => {
  const flags = {
    targetUrl: 'postgresql://app@db/app',
    fleetSources: 'tenants/*.db',
    fleetForm: 'tenant-column',
    fleetName: 'shops',
  } as const;
  const said = { own: installed, flags, configPath: null };
  const fleet = (word: string) => nextCommand({ command: 'fleet', words: [word], why: '' }, said).command;
  assert.equal(
    fleet('enqueue'),
    "pgferry fleet enqueue 'postgresql://app@db:5432/app?schema=public' --sources 'tenants/*.db' --into tenant-column --fleet shops",
  );
  assert.equal(fleet('work'), "pgferry fleet work 'postgresql://app@db:5432/app?schema=public' --fleet shops");
});

test('a fleet of which nothing is done is not to be verified: what was refused is entered once it is mended', () => {
  const counts = { waiting: 0, taken: 0, done: 0, failed: 0, refused: 2 };
  const after = (action: string, more = {}) =>
    afterFleet({ action, notHere: 0, counts: { ...counts, ...more } } as unknown as Parameters<typeof afterFleet>[0]);
  assert.deepEqual(after('enqueue')?.words, ['enqueue']);
  assert.equal(after('status'), null);
  assert.equal(after('work'), null);
  assert.deepEqual(after('work', { done: 1 })?.words, ['verify']);
});
