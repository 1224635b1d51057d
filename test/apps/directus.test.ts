import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { confirmation } from '../../src/commands/cutover/preflight.js';
import { runCommand } from '../support/command.js';
import { withDatabase } from '../support/database.js';
import { withFolder } from '../support/folder.js';
import { root } from '../support/page.js';
import { cleanEnv, freePort, type Json, shell, Site, stopLine, untilUp } from '../support/site.js';

/*
 * Directus as its users run it: filled through its API on SQLite, moved by its recipe, started by hooks on PostgreSQL, read
 * back and written through its API, and rolled back with what it wrote.
 */

const program = join(root, '.cache/apps/directus/node_modules/.bin/directus');
const isThere = existsSync(program) || 'make test-apps installs it';

const admin = { email: 'admin@example.com', password: 'Rocket-Salad-7' };

function envText(port: number, database: string): string {
  return `HOST=127.0.0.1
PORT=${port}
KEY=6f3c8b8e-0d8b-4a6f-9d51-5a8f5f0f1c11
SECRET="a-secret-of-the-test"
ADMIN_EMAIL="${admin.email}"
ADMIN_PASSWORD="${admin.password}"
TELEMETRY=false
LOG_LEVEL=warn
# where the data is
${database}
`;
}

async function bootstrap(folder: string): Promise<void> {
  await promisify(execFile)(program, ['bootstrap'], { cwd: folder, env: cleanEnv(), timeout: 300_000 });
}

const start = `TZ=UTC nohup ${program} start > app.log 2>&1 & echo $! > app.pid`;
const field = (name: string, type: string, schema: Json = {}) => ({ field: name, type, schema, meta: {} });

async function login(site: Site): Promise<void> {
  const { access_token } = (await site.post('/auth/login', admin)) as { access_token: string };
  site.identify(access_token);
}

async function fill(site: Site): Promise<void> {
  await site.post('/collections', {
    collection: 'posts',
    schema: {},
    meta: { note: 'of the test' },
    fields: [
      { ...field('id', 'integer', { is_primary_key: true, has_auto_increment: true }), meta: { hidden: true } },
      field('title', 'string'),
      field('body', 'text'),
      { ...field('published', 'boolean', { default_value: false }), meta: { special: ['cast-boolean'] } },
      field('rating', 'float'),
      field('large', 'bigInteger'),
      field('at', 'timestamp'),
      field('local', 'dateTime'),
      field('day', 'date'),
      field('hour', 'time'),
      { ...field('data', 'json'), meta: { special: ['cast-json'] } },
      field('parent', 'integer'),
      { ...field('author', 'uuid'), meta: { interface: 'select-dropdown-m2o', special: ['m2o'] } },
    ],
  });
  await site.post('/relations', { collection: 'posts', field: 'author', related_collection: 'directus_users' });
  await site.post('/relations', { collection: 'posts', field: 'parent', related_collection: 'posts' });
  const role = (await site.post('/roles', { name: 'Writers', icon: 'edit' })) as { id: string };
  await site.post('/permissions', {
    role: role.id,
    collection: 'posts',
    action: 'read',
    fields: ['*'],
    permissions: {},
  });
  const user = (await site.post('/users', {
    email: 'w@example.com',
    password: 'x-Y-z-123',
    role: role.id,
    first_name: 'Ünïcode 🎈',
  })) as { id: string };
  await site.post('/items/posts', [
    {
      title: 'first',
      body: "with 'quotes' and \\ and\nlines",
      published: true,
      rating: 1.1,
      large: 12345678901,
      at: '2024-02-29T12:34:56.000Z',
      local: '2024-03-31T02:30:00',
      day: '1969-12-31',
      hour: '23:59:59',
      data: { a: [1, 2.5, null, 'é'], b: {} },
      author: user.id,
    },
    { title: '', body: null, published: false, rating: -0.5, data: [], parent: 1 },
  ]);
}

/** What the API says of everything that was made. */
async function readAll(site: Site): Promise<Json> {
  const paths = [
    '/collections',
    '/fields',
    '/relations',
    '/roles',
    '/permissions',
    '/settings',
    '/folders',
    '/presets',
  ];
  const known = await Promise.all(paths.map(async (path) => [path, stripped(await site.get(path))] as const));
  const items = withNumbers(await site.get('/items/posts?fields=*.*&sort=id'));
  const users = await site.get('/users?fields=id,email,first_name,role,status&sort=email');
  return { ...Object.fromEntries(known), items, users: users as Json[] };
}

/** PostgreSQL's driver gives large numbers as texts, here and in what an item refers to. */
function withNumbers(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withNumbers);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [
      key,
      key === 'large' && typeof one === 'string' ? Number(one) : withNumbers(one),
    ]),
  );
}

/** Without what describes the database itself: SQLite has no uuid, and one type for both kinds of moments. */
function stripped(value: unknown): unknown {
  if (Array.isArray(value)) {
    const all = value.map(stripped);
    return all.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !['schema', 'type', 'last_access'].includes(key))
      .map(([key, one]) => [key, stripped(one)]),
  );
}

test('Directus is moved by its recipe, runs on PostgreSQL, and comes back with what it wrote', {
  skip: isThere !== true && isThere,
}, async () => {
  await withFolder(async (folder) => {
    await withDatabase(async (url) => {
      const port = await freePort();
      writeFileSync(join(folder, '.env'), envText(port, 'DB_CLIENT="sqlite3"\nDB_FILENAME="./data.db"'), {
        mode: 0o600,
      });
      await bootstrap(folder);
      const { hostname, port: pgPort, username, password, pathname } = new URL(url);
      const elsewhere = join(folder, 'bootstrap');
      mkdirSync(elsewhere);
      const target = `DB_CLIENT=pg\nDB_HOST=${hostname}\nDB_PORT=${pgPort}\nDB_DATABASE=${pathname.slice(1)}\nDB_USER=${username}\nDB_PASSWORD=${decodeURIComponent(password)}`;
      writeFileSync(join(elsewhere, '.env'), envText(port, target));
      await bootstrap(elsewhere);

      await shell(start, folder);
      let before: Json;
      const site = new Site(port);
      try {
        await untilUp(`http://127.0.0.1:${port}/server/ping`, folder);
        await login(site);
        await fill(site);
        before = await readAll(site);
      } finally {
        await shell(stopLine, folder);
      }

      const config = {
        hooks: { 'after-switch': [start], 'before-rollback': [stopLine], 'after-rollback': [start] },
        health: [{ url: `http://127.0.0.1:${port}/server/ping`, contains: 'pong', within: '120s' }],
      };
      writeFileSync(join(folder, 'pgferry.json'), JSON.stringify(config));
      const sides = ['--source', join(folder, 'data.db'), '--target', url];
      const args = ['cutover', ...sides, '--app', 'directus', '--config', 'pgferry.json', '--generate-provider', '0'];
      const options = { cwd: folder, env: { CUTOVER_CONFIRM: confirmation } };
      const cutover = await runCommand(args, options);
      assert.equal(cutover.exitCode, 0, cutover.stderr);
      try {
        assert.match(readFileSync(join(folder, '.env'), 'utf8'), /^DB_CLIENT="pg"$/m);
        await login(site);
        assert.deepEqual(await readAll(site), before);
        await site.post('/items/posts', { title: 'on postgres', data: { new: true }, at: '2025-01-01T00:00:00.000Z' });
        const { items } = await readAll(site);
        assert.equal((items as Json[]).length, 3);

        const rollback = await runCommand(['rollback', ...sides], options);
        assert.equal(rollback.exitCode, 0, rollback.stderr);
        await untilUp(`http://127.0.0.1:${port}/server/ping`, folder);
        await login(site);
        const after = await readAll(site);
        assert.deepEqual({ ...after, items: null }, { ...before, items: null });
        assert.deepEqual(after['items'], items, 'with what it wrote on PostgreSQL');
        assert.match(readFileSync(join(folder, '.env'), 'utf8'), /^DB_CLIENT="sqlite3"$/m);
        assert.doesNotMatch(readFileSync(join(folder, '.env'), 'utf8'), /DB_HOST/);
      } finally {
        await shell(stopLine, folder).catch(() => undefined);
      }
    });
  });
});
