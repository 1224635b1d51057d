import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { confirmation } from '../../src/commands/cutover/preflight.js';
import { runCommand } from '../support/command.js';
import { withDatabase } from '../support/database.js';
import { withFolder } from '../support/folder.js';
import { root } from '../support/page.js';
import { freePort, type Json, shell, Site, stopLine, untilUp } from '../support/site.js';

/*
 * Strapi with two types of its user's: filled through its API on SQLite, moved by its recipe, started by hooks on
 * PostgreSQL, read back and written through its API, and rolled back with what it wrote.
 */

const modules = join(root, '.cache/apps/strapi/node_modules');
const isThere = existsSync(join(modules, '.bin/strapi')) || 'make test-apps installs it';

const start = 'TZ=UTC NODE_ENV=production nohup node_modules/.bin/strapi start > app.log 2>&1 & echo $! > app.pid';

const schemas: Readonly<Record<string, Json>> = {
  post: {
    options: { draftAndPublish: true },
    attributes: {
      title: { type: 'string' },
      body: { type: 'text' },
      rating: { type: 'float' },
      price: { type: 'decimal' },
      large: { type: 'biginteger' },
      flag: { type: 'boolean', default: false },
      at: { type: 'datetime' },
      day: { type: 'date' },
      hour: { type: 'time' },
      data: { type: 'json' },
      kind: { type: 'enumeration', enum: ['news', 'note'] },
      tags: { type: 'relation', relation: 'manyToMany', target: 'api::tag.tag', inversedBy: 'posts' },
    },
  },
  tag: {
    options: { draftAndPublish: false },
    attributes: {
      name: { type: 'string', unique: true },
      posts: { type: 'relation', relation: 'manyToMany', target: 'api::post.post', mappedBy: 'tags' },
    },
  },
};

const databaseConfig = `module.exports = ({ env }) => ({
  connection: env('DATABASE_CLIENT') === 'postgres'
    ? { client: 'postgres', connection: { host: env('DATABASE_HOST'), port: env.int('DATABASE_PORT'),
        database: env('DATABASE_NAME'), user: env('DATABASE_USERNAME'), password: env('DATABASE_PASSWORD'), ssl: false } }
    : { client: 'sqlite', connection: { filename: 'data.db' }, useNullAsDefault: true },
});`;

function makeProject(folder: string, port: number): void {
  const put = (path: string, text: string) => {
    mkdirSync(join(folder, path, '..'), { recursive: true });
    writeFileSync(join(folder, path), text, { mode: 0o600 });
  };
  symlinkSync(modules, join(folder, 'node_modules'));
  for (const path of ['public/uploads', 'database/migrations']) mkdirSync(join(folder, path), { recursive: true });
  put(
    'package.json',
    '{"name": "site", "private": true, "version": "1.0.0", "dependencies": {"@strapi/strapi": "5.54.0"}, "strapi": {"uuid": false}}',
  );
  put('config/database.js', databaseConfig);
  put('config/server.js', `module.exports = { host: '127.0.0.1', port: ${port}, app: { keys: ['one', 'two'] } };`);
  put(
    'config/admin.js',
    `module.exports = { auth: { secret: 'a' }, apiToken: { salt: 'b' }, transfer: { token: { salt: 'c' } },
      secrets: { encryptionKey: 'abcdefghijklmnopqrstuvwxyz012345' }, serveAdminPanel: false };`,
  );
  const layers = ['logger', 'errors', 'security', 'cors', 'poweredBy', 'query', 'body', 'session', 'favicon', 'public'];
  put('config/middlewares.js', `module.exports = ${JSON.stringify(layers.map((name) => `strapi::${name}`))};`);
  put('src/index.js', 'module.exports = {};');
  for (const [name, schema] of Object.entries(schemas)) {
    const info = { singularName: name, pluralName: `${name}s`, displayName: name };
    const whole = { kind: 'collectionType', collectionName: `${name}s`, info, ...schema };
    put(`src/api/${name}/content-types/${name}/schema.json`, JSON.stringify(whole));
    for (const [kind, make] of [
      ['controllers', 'Controller'],
      ['services', 'Service'],
      ['routes', 'Router'],
    ])
      put(
        `src/api/${name}/${kind}/${name}.js`,
        `module.exports = require('@strapi/strapi').factories.createCore${make}('api::${name}.${name}');`,
      );
  }
  put('.env', 'STRAPI_TELEMETRY_DISABLED=true\n# where the data is\nDATABASE_CLIENT=sqlite\n');
}

async function fill(site: Site): Promise<string> {
  const account = { email: 'a@example.com', firstname: 'A', lastname: 'B', password: 'Rocket-Salad-7' };
  const { token } = (await site.post('/admin/register-admin', account)) as { token: string };
  site.identify(token);
  const made = (await site.post('/admin/api-tokens', {
    name: 'test',
    description: '',
    type: 'full-access',
    lifespan: null,
  })) as { accessKey: string };
  site.identify(made.accessKey);
  const tag = (await site.post('/api/tags', { data: { name: 'réd 🎈' } })) as { documentId: string };
  await site.post('/api/posts', {
    data: {
      title: 'first',
      body: "with 'quotes' and \\ and\nlines",
      rating: 1.1,
      price: 19.99,
      large: '12345678901',
      flag: true,
      at: '2024-02-29T12:34:56.789Z',
      day: '1969-12-31',
      hour: '23:59:59.000',
      data: { a: [1, 2.5, null, 'é'], b: {} },
      kind: 'news',
      tags: [tag.documentId],
    },
  });
  await site.post('/api/posts?status=draft', { data: { title: '', data: [], at: '1969-12-31T23:59:59.001Z' } });
  return made.accessKey;
}

const draftPath = '/api/posts?populate=*&sort=id&status=draft';

/** PostgreSQL prints no milliseconds of a time that has none. */
function withTimes(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withTimes);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [
      key,
      key === 'hour' && typeof one === 'string' ? one.replace(/\.000$/, '') : withTimes(one),
    ]),
  );
}

async function readAll(site: Site): Promise<Json> {
  const paths = { posts: '/api/posts?populate=*&sort=id', drafts: draftPath, tags: '/api/tags?populate=*&sort=id' };
  const read: Json = {};
  for (const [name, path] of Object.entries(paths)) read[name] = withTimes(await site.get(path));
  return read;
}

test('Strapi is moved by its recipe, runs on PostgreSQL, and comes back with what it wrote', {
  skip: isThere !== true && isThere,
}, async () => {
  await withFolder(async (folder) => {
    await withDatabase(async (url) => {
      const port = await freePort();
      const health = `http://127.0.0.1:${port}/_health`;
      makeProject(folder, port);
      const { hostname, port: pgPort, username, password, pathname } = new URL(url);
      const target = `DATABASE_CLIENT=postgres DATABASE_HOST=${hostname} DATABASE_PORT=${pgPort} DATABASE_NAME=${pathname.slice(1)} DATABASE_USERNAME=${username} DATABASE_PASSWORD='${decodeURIComponent(password)}'`;
      // Once on PostgreSQL, where it makes its tables.
      await shell(`export ${target}; ${start}`, folder);
      await untilUp(health, folder).finally(() => shell(stopLine, folder));

      const site = new Site(port);
      await shell(start, folder);
      let before: Json;
      try {
        await untilUp(health, folder);
        await fill(site);
        before = await readAll(site);
      } finally {
        await shell(stopLine, folder);
      }

      const config = {
        hooks: { 'after-switch': [start], 'before-rollback': [stopLine], 'after-rollback': [start] },
        health: [{ url: health, status: 204, within: '120s' }],
      };
      writeFileSync(join(folder, 'pgferry.json'), JSON.stringify(config));
      const sides = ['--source', join(folder, 'data.db'), '--target', url];
      const args = ['cutover', ...sides, '--app', 'strapi', '--config', 'pgferry.json'];
      const options = { cwd: folder, env: { CUTOVER_CONFIRM: confirmation } };
      const cutover = await runCommand(args, options);
      assert.equal(cutover.exitCode, 0, cutover.stderr);
      try {
        assert.match(readFileSync(join(folder, '.env'), 'utf8'), /^DATABASE_CLIENT=postgres$/m);
        assert.deepEqual(await readAll(site), before);
        await site.post('/api/posts', { data: { title: 'on postgres', data: { new: true }, day: '2025-01-01' } });
        const written = await readAll(site);
        assert.equal((written['posts'] as Json[]).length, (before['posts'] as Json[]).length + 1);

        const rollback = await runCommand(['rollback', ...sides], options);
        assert.equal(rollback.exitCode, 0, rollback.stderr);
        await untilUp(health, folder);
        assert.deepEqual(await readAll(site), written, 'with what it wrote on PostgreSQL');
        assert.doesNotMatch(readFileSync(join(folder, '.env'), 'utf8'), /postgres|DATABASE_HOST/);
      } finally {
        await shell(stopLine, folder).catch(() => undefined);
      }
    });
  });
});
