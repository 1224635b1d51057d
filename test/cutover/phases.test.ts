import assert from 'node:assert/strict';
import { test } from 'node:test';
import { confirmation } from '../../src/commands/cutover/preflight.js';
import { runCommand } from '../support/command.js';
import { withDatabase } from '../support/database.js';
import { withFolder } from '../support/folder.js';
import { type App, makeSmallApp } from '../support/journey.js';

/* What a program that reads the progress of a move is told: each phase begins and ends. */

interface Told {
  readonly event: string;
  readonly name?: string;
}

/** The phases of one command, in the order in which they begin. */
async function phasesOf(app: App, args: readonly string[]): Promise<string[]> {
  const env = { ...app.env, CUTOVER_CONFIRM: confirmation };
  const { exitCode, stderr } = await runCommand([...args, '--progress', 'json'], { cwd: app.folder, env });
  assert.equal(exitCode, 0, stderr);
  const events = stderr.split('\n').flatMap((line): Told[] => (line.startsWith('{') ? [JSON.parse(line)] : []));
  const named = (event: string) => events.filter((one) => one.event === event).map(({ name = '' }) => name);
  assert.deepEqual(named('phase-end').sort(), named('phase-begin').sort(), args.join(' '));
  return named('phase-begin');
}

for (const live of [[], ['--live']]) {
  test(`every phase of a cutover ${live.join(' ')} and of its rollback that begins ends, the fence too`, () =>
    withFolder((folder) =>
      withDatabase(async (url, client) => {
        const app = makeSmallApp(folder, url);
        assert.ok((await phasesOf(app, ['cutover', ...live])).includes('fence'));
        await client.query(`INSERT INTO parent VALUES (10, 'since')`);
        assert.ok((await phasesOf(app, ['rollback'])).length > 2);
      }),
    ));
}
