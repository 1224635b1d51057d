import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { cpSync, existsSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { runCommand } from '../support/command.js';
import { withDatabase } from '../support/database.js';
import { withFolder } from '../support/folder.js';
import { root } from '../support/page.js';
import { cleanEnv } from '../support/site.js';

/*
 * Frameworks with their own migrations and models, on both sides: what they wrote on SQLite they read on PostgreSQL, value by
 * value and type by type, and the next row gets the key and the values that it gets on SQLite.
 */

const cache = join(root, '.cache/apps');
const programs = join(root, 'test/apps/frameworks');

/** The recipe, the program, what runs it, and whether that is installed. */
interface Case {
  readonly name: string;
  readonly program: string;
  readonly interpreter: string;
  readonly isThere: boolean;
}

const node = (name: string): Case => ({
  name,
  program: `${name}.mjs`,
  interpreter: process.execPath,
  isThere: existsSync(join(cache, 'frameworks/installed')),
});
const python = join(cache, 'python/bin/python');
/** Ruby and its packages come from the system (Debian: ruby-activerecord, ruby-pg, ruby-sqlite3). */
const ruby = spawnSync('ruby', ['-ractive_record', '-rpg', '-rsqlite3', '-e', '']).status === 0;

const cases: readonly Case[] = [
  node('knex'),
  node('sequelize'),
  node('typeorm'),
  node('drizzle'),
  node('mikro-orm'),
  node('prisma'),
  {
    name: 'django',
    program: 'django_site.py',
    interpreter: python,
    isThere: existsSync(join(cache, 'python/installed')),
  },
  { name: 'rails', program: 'rails_site.rb', interpreter: 'ruby', isThere: ruby },
];

/** Does one verb of a program on one database, in a zone that is not the machine's. */
function sideOf({ program, interpreter }: Case, folder: string, url: string) {
  return async (...verb: readonly string[]): Promise<unknown> => {
    const env = { ...cleanEnv(), TZ: 'America/New_York', DATABASE_URL: url };
    const options = { cwd: folder, env, timeout: 300_000 };
    const { stdout } = await promisify(execFile)(interpreter, [join(folder, program), ...verb], options);
    return verb[0] === 'read' ? JSON.parse(stdout) : undefined;
  };
}

const only = process.env['PGFERRY_APP'];
for (const one of cases.filter(({ name }) => only === undefined || name === only)) {
  test(`${one.name}: what its models wrote on SQLite they read and go on with on PostgreSQL`, {
    skip: !one.isThere && 'make test-apps installs it, or says what it lacks',
  }, async () => {
    await withFolder(async (folder) => {
      await withDatabase(async (url) => {
        cpSync(programs, folder, { recursive: true });
        symlinkSync(join(cache, 'frameworks/node_modules'), join(folder, 'node_modules'));
        const sqlite = sideOf(one, folder, `file:${join(folder, 'data.db')}`);
        const postgres = sideOf(one, folder, url);
        await sqlite('make');
        await sqlite('seed', '1');
        await sqlite('seed', '2');
        await postgres('make');

        const sides = ['--source', join(folder, 'data.db'), '--target', url];
        const plan = await runCommand(['plan', ...sides], { cwd: folder });
        assert.match(plan.stdout, new RegExp(`proven by moving the real application, is used with --app ${one.name};`));
        const told = await runCommand(['plan', ...sides, '--app', one.name, '--truncate-target'], { cwd: folder });
        assert.match(told.stdout, new RegExp(`the recipe ${one.name}, .* decides switch`));
        assert.doesNotMatch(told.stdout, /application_version/);
        const args = ['migrate', ...sides, '--app', one.name, '--truncate-target'];
        const { exitCode, stderr } = await runCommand(args, { cwd: folder });
        assert.equal(exitCode, 0, stderr);
        assert.deepEqual(await postgres('read'), await sqlite('read'));

        await sqlite('seed', '3');
        await postgres('seed', '3');
        assert.deepEqual(await postgres('read'), await sqlite('read'), 'the next row');
      });
    });
  });
}
