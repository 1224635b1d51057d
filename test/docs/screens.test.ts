import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type pg from 'pg';
import { makeSampleDatabase } from '../../prisma/sample.js';
import { confirmation } from '../../src/commands/cutover/preflight.js';
import { runCommand } from '../support/command.js';
import { withDatabase } from '../support/database.js';
import { makeSqlite, withFolder } from '../support/folder.js';
import { codeBlocks, readPage, root } from '../support/page.js';

/*
 * What the pages show as printed by a command is what the command prints, but for times, sizes, places and hashes. What
 * a page cuts is `…` there.
 */

const shopSql = `
  CREATE TABLE customer (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, joined DATETIME);
  CREATE TABLE "order" (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL REFERENCES customer(id), total REAL, paid BOOLEAN);
  CREATE INDEX order_customer ON "order"(customer_id);
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200)
    INSERT INTO customer SELECT i, 'customer ' || i, 1700000000000 + i * 86400 FROM n;
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
    INSERT INTO "order" SELECT i, i % 200 + 1, i * 1.25, i % 2 FROM n;`;

const eventsSql = `
  PRAGMA foreign_keys = OFF;
  CREATE TABLE event (id INTEGER PRIMARY KEY, at DATETIME NOT NULL, note VARCHAR(20));
  INSERT INTO event VALUES (1, '2024-02-03 19:43:10', 'ok'), (2, 'yesterday', 'fine'), (3, '2024-02-04T08:00:00Z', 'well');
  CREATE TABLE guest (id INTEGER PRIMARY KEY, event_id INTEGER NOT NULL REFERENCES event(id), name TEXT);
  INSERT INTO guest VALUES (1, 1, 'Ada'), (2, 7, 'Bob');`;

const filmSql = `
  CREATE TABLE film (id INTEGER PRIMARY KEY, title VARCHAR(9) NOT NULL, length INTEGER);
  INSERT INTO film VALUES (1, 'Alien', 117);
  CREATE UNIQUE INDEX odd ON film (printf('%9s', title));`;

const quarantineBoth = { policies: { not_a_timestamp: 'quarantine', orphan: 'quarantine' } };

interface Screen {
  readonly path: string;
  /** How the block begins in the page. */
  readonly begins: string;
  /** Makes the source in the folder and gives its path. */
  readonly makeSource: (folder: string) => string;
  /** Commands without source and target; the output of the last is what the page shows. */
  readonly commands: readonly (readonly string[])[];
  /** Done to the target before the last command. */
  readonly change?: string;
  /** Lines of the page that say something of the machine. */
  readonly skipped?: RegExp;
}

function makeSample(folder: string): string {
  const path = join(folder, 'dev.db');
  makeSampleDatabase(path);
  return path;
}

const makeShop = (folder: string): string => makeSqlite(folder, shopSql);
const makeFilm = (folder: string): string => makeSqlite(folder, filmSql);

function makeLiveShop(folder: string): string {
  writeFileSync(join(folder, '.vps.env'), 'VPS_DB_PROVIDER=sqlite\n');
  return makeShop(folder);
}

function makeEvents(folder: string): string {
  writeFileSync(join(folder, 'rules.json'), JSON.stringify(quarantineBoth));
  return makeSqlite(folder, eventsSql);
}

const ofSample = ['--sql-dir', join(root, 'prisma/postgres')];

const screens: readonly Screen[] = [
  {
    path: 'README.md',
    begins: 'made prisma/dev.db',
    makeSource: makeSample,
    commands: [['migrate', ...ofSample]],
    skipped: /^(made |! |· saving the target| {2}(URL|look|stop) |next: make )/,
  },
  { path: 'README.md', begins: '  ✗ event.at', makeSource: makeEvents, commands: [['plan']] },
  {
    path: 'README.md',
    begins: '$ pgferry migrate --config',
    makeSource: makeEvents,
    commands: [['migrate', '--config', 'rules.json']],
    skipped: /^\$/,
  },
  { path: 'docs/guide.md', begins: '2 tables in 2 layers', makeSource: makeShop, commands: [['plan']] },
  {
    path: 'docs/values.md',
    begins: '$ pgferry census',
    makeSource: makeSample,
    commands: [['census', '--tables', 'Host']],
    skipped: /^\$/,
  },
  { path: 'docs/values.md', begins: '  ✗ event.at', makeSource: makeEvents, commands: [['plan']] },
  {
    path: 'docs/proof.md',
    begins: '  table     source  target',
    makeSource: makeShop,
    commands: [['migrate'], ['verify']],
    change: 'UPDATE "order" SET total = 96.26 WHERE id = 77; DELETE FROM "order" WHERE id = 4711',
  },
  {
    path: 'docs/schema.md',
    begins: '$ pgferry plan --source film.db',
    makeSource: makeFilm,
    commands: [['plan']],
    skipped: /^\$/,
  },
  {
    path: 'docs/schema.md',
    begins: 'film',
    makeSource: makeFilm,
    commands: [['plan', '--diff', '--waive', 'index:odd']],
  },
  {
    path: 'docs/cutover.md',
    begins: '✓ the application is on PostgreSQL',
    makeSource: makeLiveShop,
    commands: [['cutover', '--confirm', confirmation, '--generate-provider', '0']],
  },
  {
    path: 'docs/proof.md',
    begins: '  read ',
    makeSource: makeSample,
    commands: [['migrate', ...ofSample], ['shadow']],
  },
];

/** A line without what differs from run to run and from machine to machine. */
function shapeOf(line: string): string {
  const shape = line
    .replace(/'?postgresql:\/\/\S+/g, '<url>')
    .replace(/node \S+start\.js/, 'pgferry')
    .replace(/(?<=[\s('])\/[^\s']+/g, '<path>')
    .replace(/sha256 [0-9a-f]+/, 'sha256')
    .replace(/(plan|cutover) [0-9a-f]{12}/, '$1')
    .replace(/[\d.][\d .]* (ms|s|min|rows\/s|B|kB|MB)\b/g, '<n>')
    .replace(/\s+/g, ' ');
  const time = /^ time (.+)$/.exec(shape)?.[1]?.split(' · ');
  // A dump is made only where the machine has a pg_dump; phases overlap.
  return time === undefined
    ? shape
    : `time ${time
        .filter((part) => !part.startsWith('dump'))
        .sort()
        .join(' · ')}`;
}

/** Where the times of phases are folded depends on how long they are. */
function unfolded(text: string): string {
  return text.replace(/ ·\n {13}(?=\S)/g, ' · ');
}

function assertPrinted(shown: string, printed: string, skipped: RegExp | undefined): void {
  const shapes = unfolded(printed).split('\n').map(shapeOf);
  for (const line of unfolded(shown)
    .split('\n')
    .filter((one) => skipped?.test(one) !== true)) {
    const shape = shapeOf(line);
    const parts = shape.split('…').map((part) => part.trim().replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
    const whole = new RegExp(`^\\s*${parts.join('.*')}\\s*$`);
    assert.ok(
      shapes.some((one) => whole.test(one)),
      `${line}\nis not in\n${printed}`,
    );
  }
}

async function runScreen(screen: Screen, place: { folder: string; url: string; client: pg.Client }): Promise<string> {
  const { folder, url, client } = place;
  const source = screen.makeSource(folder);
  let printed = '';
  for (const [index, [name = '', ...more]] of screen.commands.entries()) {
    const isLast = index === screen.commands.length - 1;
    if (isLast && screen.change !== undefined) await client.query(screen.change);
    const target = name === 'census' ? [] : ['--target', url];
    const { stdout, stderr } = await runCommand([name, '--source', source, ...target, ...more], { cwd: folder });
    printed = `${stdout}\n${stderr}`.replaceAll(root, '');
  }
  return printed;
}

for (const screen of screens) {
  const { path, begins, commands, skipped } = screen;
  test(`what ${path} shows of pgferry ${commands.at(-1)?.[0]} (“${begins.trim()} …”) is what it prints`, async () => {
    const shown = codeBlocks(readPage(path), 'text').find((block) => block.startsWith(begins));
    assert.ok(shown !== undefined, `${path} shows a block that begins with ${begins}`);
    await withFolder((folder) =>
      withDatabase(async (url, client) => {
        assertPrinted(shown, await runScreen(screen, { folder, url, client }), skipped);
      }),
    );
  });
}
