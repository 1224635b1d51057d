import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { confirmation } from '../../src/commands/cutover/preflight.js';
import { runCommand } from '../support/command.js';
import { withDatabase } from '../support/database.js';
import { withFolder } from '../support/folder.js';
import { root } from '../support/page.js';
import { freePort, type Json, shell, Site, stopLine, untilUp } from '../support/site.js';

/*
 * n8n as its users run it: filled through its API on SQLite, with a workflow that runs, a credential and a table of its
 * user's, moved by its recipe, started by hooks on PostgreSQL, read back, run and written, and rolled back with what it
 * wrote.
 */

const cache = join(root, '.cache/apps/n8n');
const program = join(cache, 'node_modules/.bin/n8n');

const owner = { email: 'a@example.com', password: 'Rocket-Salad-7' };
const secret = { name: 'X-Key', value: 'a-secret-of-the-test' };

const envText = (port: number, folder: string, database: string) => `N8N_PORT=${port}
N8N_LISTEN_ADDRESS=127.0.0.1
N8N_USER_FOLDER=${folder}
N8N_ENCRYPTION_KEY=a-key-of-the-test
N8N_DIAGNOSTICS_ENABLED=false
N8N_VERSION_NOTIFICATIONS_ENABLED=false
N8N_TEMPLATES_ENABLED=false
N8N_RUNNERS_ENABLED=false
N8N_EXPRESSION_ENGINE=legacy
N8N_SECURE_COOKIE=false
# where the data is
${database}
`;

const start = `set -a; . ./.env; set +a; TZ=UTC nohup ${process.execPath} ${program} start > app.log 2>&1 & echo $! > app.pid`;

function workflow(name: string, path: string, credential: Json, tags: readonly string[]): Json {
  const hook = {
    id: '11111111-1111-4111-8111-111111111111',
    name: 'Hook',
    type: 'n8n-nodes-base.webhook',
    typeVersion: 2,
    position: [0, 0],
    webhookId: path,
    parameters: { path, responseMode: 'lastNode', authentication: 'headerAuth', options: {} },
    credentials: { httpHeaderAuth: { id: credential['id'], name: credential['name'] } },
  };
  const assignments = [{ id: 'a', name: 'answer', value: 'é 🎈', type: 'string' }];
  const set = {
    id: '33333333-3333-4333-8333-333333333333',
    name: 'Set',
    type: 'n8n-nodes-base.set',
    typeVersion: 3.4,
    position: [200, 0],
    parameters: { assignments: { assignments }, options: {} },
  };
  const connections = { Hook: { main: [[{ node: 'Set', type: 'main', index: 0 }]] } };
  return { name, nodes: [hook, set], connections, settings: { executionOrder: 'v1' }, active: false, tags };
}

async function projectOf(site: Site): Promise<string> {
  return ((await site.get('/rest/projects/personal')) as { id: string }).id;
}

/** Sets n8n up with an owner, and makes a workflow that answers, with the credential that it asks for, and a table. */
async function fill(site: Site, port: number): Promise<void> {
  await site.signIn('/rest/owner/setup', { ...owner, firstName: 'Ünïcode 🎈', lastName: "O'Neil" });
  const tag = (await site.post('/rest/tags', { name: 'réd' })) as { id: string };
  const credential = (await site.post('/rest/credentials', {
    name: 'key',
    type: 'httpHeaderAuth',
    data: secret,
  })) as Json;
  await site.post('/rest/workflows', workflow('at rest', 'rest', credential, []));
  const made = (await site.post('/rest/workflows', workflow('first', 'hook', credential, [tag.id]))) as Json;
  await site.post(`/rest/workflows/${String(made['id'])}/activate`, { versionId: made['versionId'] });
  await call(port);
  const project = await projectOf(site);
  const columns = [
    { name: 'word', type: 'string' },
    { name: 'number', type: 'number' },
    { name: 'flag', type: 'boolean' },
    { name: 'at', type: 'date' },
  ];
  const table = (await site.post(`/rest/projects/${project}/data-tables`, { name: 'mine', columns })) as { id: string };
  const row = { word: "é 'quoted'", number: 1.1, flag: true, at: '2024-02-29T12:34:56.789Z' };
  const rows = [row, { word: null, number: -0.5, flag: false, at: null }];
  await site.post(`/rest/projects/${project}/data-tables/${table.id}/insert`, { data: rows, returnType: 'all' });
}

/** Runs the workflow from outside: it lets in who knows the secret that its credential holds. */
async function call(port: number): Promise<void> {
  const url = `http://127.0.0.1:${port}/webhook/hook`;
  assert.equal((await fetch(url)).status, 403);
  const answer = await fetch(url, { headers: { [secret.name]: secret.value } });
  assert.deepEqual(await answer.json(), { answer: 'é 🎈' });
}

/** What the API says of everything that was made. */
async function readAll(site: Site): Promise<Json> {
  const project = await projectOf(site);
  const workflows = sorted(await site.get('/rest/workflows?includeScopes=false'));
  const whole = workflows.map(async ({ id }) => await site.get(`/rest/workflows/${String(id)}`));
  const { items } = (await site.get('/rest/users')) as { items: Json[] };
  const { results } = (await site.get('/rest/executions?filter=%7B%7D&limit=50')) as { results: Json[] };
  const tables = (await site.get(`/rest/projects/${project}/data-tables`)) as { data: Json[] };
  const rows = tables.data.map(
    async ({ id }) => await site.get(`/rest/projects/${project}/data-tables/${String(id)}/rows?sortBy=id:asc`),
  );
  return settled({
    workflows: await Promise.all(whole),
    users: items,
    executions: results,
    first: await site.get('/rest/executions/1'),
    credentials: sorted(await site.get('/rest/credentials')),
    tags: sorted(await site.get('/rest/tags')),
    rows: await Promise.all(rows),
  }) as Json;
}

/** Without what n8n counts up at each start, and what a login changes of its user. */
function settled(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(settled);
  if (typeof value !== 'object' || value === null) return value;
  const left = ['versionCounter', 'lastActiveAt', ...('email' in value ? ['updatedAt'] : [])];
  const kept = Object.entries(value).filter(([key]) => !left.includes(key));
  return Object.fromEntries(kept.map(([key, one]) => [key, settled(one)]));
}

function sorted(value: unknown): Json[] {
  return (value as Json[]).sort((a, b) => (String(a['id']) < String(b['id']) ? -1 : 1));
}

async function login(site: Site): Promise<void> {
  await site.signIn('/rest/login', { emailOrLdapLoginId: owner.email, password: owner.password });
}

test('n8n is moved by its recipe, runs its workflows on PostgreSQL, and comes back with what it wrote', {
  skip: !existsSync(join(cache, 'installed')) && 'make test-apps installs it',
}, async () => {
  await withFolder(async (folder) => {
    await withDatabase(async (url) => {
      const port = await freePort();
      const isUp = `http://127.0.0.1:${port}/rest/settings`;
      // While it starts it answers everything with 200 and a line that asks for patience.
      const untilReady = async (path: string) => await untilUp(isUp, path, '"data"');
      const put = (path: string, database: string) => {
        mkdirSync(path, { recursive: true });
        writeFileSync(join(path, '.env'), envText(port, path, database), { mode: 0o600 });
      };
      put(folder, 'DB_TYPE=sqlite');
      const { hostname, port: pgPort, username, password, pathname } = new URL(url);
      // Once on PostgreSQL, where it makes its tables.
      const elsewhere = join(folder, 'first-start');
      const parts = { HOST: hostname, PORT: pgPort, DATABASE: pathname.slice(1), USER: username, PASSWORD: password };
      const lines = Object.entries(parts).map(([key, value]) => `DB_POSTGRESDB_${key}='${decodeURIComponent(value)}'`);
      put(elsewhere, ['DB_TYPE=postgresdb', ...lines].join('\n'));
      await shell(start, elsewhere);
      await untilReady(elsewhere).finally(() => shell(stopLine, elsewhere));

      const site = new Site(port);
      await shell(start, folder);
      let before: Json;
      try {
        await untilReady(folder);
        await fill(site, port);
        before = await readAll(site);
      } finally {
        await shell(stopLine, folder);
      }

      const config = {
        hooks: { 'after-switch': [start], 'before-rollback': [stopLine], 'after-rollback': [start] },
        health: [{ url: isUp, contains: 'data', within: '180s' }],
      };
      writeFileSync(join(folder, 'pgferry.json'), JSON.stringify(config));
      const sides = ['--source', join(folder, '.n8n/database.sqlite'), '--target', url];
      const args = ['cutover', ...sides, '--app', 'n8n', '--config', 'pgferry.json'];
      const options = { cwd: folder, env: { CUTOVER_CONFIRM: confirmation } };
      const cutover = await runCommand(args, options);
      assert.equal(cutover.exitCode, 0, cutover.stderr);
      try {
        assert.match(readFileSync(join(folder, '.env'), 'utf8'), /^DB_TYPE=postgresdb$/m);
        await login(site);
        assert.deepEqual(await readAll(site), before);
        await call(port);
        await site.post(
          '/rest/workflows',
          workflow('on postgres', 'new', (before['credentials'] as Json[])[0] ?? {}, []),
        );
        const written = await readAll(site);
        assert.equal((written['workflows'] as Json[]).length, 3);
        assert.equal((written['executions'] as Json[]).length, (before['executions'] as Json[]).length + 1);

        const rollback = await runCommand(['rollback', ...sides], options);
        assert.equal(rollback.exitCode, 0, rollback.stderr);
        await untilReady(folder);
        await login(site);
        assert.deepEqual(await readAll(site), written, 'with what it wrote on PostgreSQL');
        await call(port);
        assert.doesNotMatch(readFileSync(join(folder, '.env'), 'utf8'), /postgres/);
      } finally {
        await shell(stopLine, folder).catch(() => undefined);
      }
    });
  });
});
