import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type pg from 'pg';
import { withDatabase } from './database.js';
import { withFolder } from './folder.js';
import { type App, makeSmallApp } from './journey.js';

/* An application that pgferry knows nothing of: an env file, a YAML file, a link and a command are its switches. */

/** What stands for a part of the target in a switch. */
export function placeholder(name: string): string {
  return `\${${name}}`;
}

export const envText = '# of the app\nDB_CLIENT=sqlite3 # which\nDATABASE_URL="file:./app.db"\nDATABASE_PASS=\n';
export const yamlText = 'database:\n    client: sqlite # here\n    port: 0\nother: [1, 2]\n';

export interface Own extends App {
  readonly configPath: string;
  readonly args: readonly string[];
}

export type Config = Readonly<Record<string, unknown>>;

/** The small application with a .env of its own kind, a config.yml and a link. */
export function makeOwn(folder: string, url: string, config: Config = {}): Own {
  const app = makeSmallApp(folder, url);
  writeFileSync(join(folder, '.env'), envText, { mode: 0o600 });
  writeFileSync(join(folder, 'config.yml'), yamlText);
  for (const name of ['old', 'new']) mkdirSync(join(folder, name));
  symlinkSync('old', join(folder, 'current'));
  const configPath = join(folder, 'pgferry.json');
  writeFileSync(configPath, JSON.stringify({ switch: standardSwitches, ...config }));
  return { ...app, configPath, args: ['--config', configPath] };
}

export const envSwitch = {
  envFile: '.env',
  set: { DB_CLIENT: 'pg', DATABASE_URL: placeholder('targetUrl'), DATABASE_PASS: placeholder('targetPassword') },
};
export const yamlSwitch = { yaml: 'config.yml', set: { 'database.client': 'postgres', 'database.port': 5432 } };
export const linkSwitch = { link: 'current', to: 'new' };
const command = { run: 'echo on >> command.log', undo: 'echo off >> command.log' };
const standardSwitches = [envSwitch, yamlSwitch, linkSwitch, command];

export async function withOwn(config: Config, use: (app: Own, client: pg.Client) => Promise<void>): Promise<void> {
  await withFolder((folder) =>
    withDatabase(async (url, client) => {
      const { rowCount } = await client.query("SELECT 1 FROM pg_roles WHERE rolname = 'own_login'");
      if (rowCount === 0) await client.query(`CREATE ROLE own_login LOGIN SUPERUSER PASSWORD '${password}'`);
      const withPassword = new URL(url);
      withPassword.username = 'own_login';
      withPassword.password = password;
      await use(makeOwn(folder, withPassword.href, config), client);
    }),
  );
}

/** Of a login that only these tests have, so that it is found wherever it is told. */
export const password = 'S3cret-of-the-target';

export const read = (app: App, name: string): string => readFileSync(join(app.folder, name), 'utf8');

export function assertOld(app: App): void {
  assert.equal(read(app, '.env'), envText);
  assert.equal(read(app, 'config.yml'), yamlText);
  assert.equal(readlinkSync(join(app.folder, 'current')), 'old');
}

export function assertNew(app: App): void {
  const url = /DATABASE_URL="(.*)"/.exec(read(app, '.env'))?.[1] ?? '';
  assert.match(url, /^postgresql:\/\/\w+@/);
  const set = envText.replace('sqlite3', 'pg').replace('file:./app.db', url).replace('PASS=', `PASS=${password}`);
  assert.equal(read(app, '.env'), set);
  assert.equal(read(app, 'config.yml'), yamlText.replace('sqlite', 'postgres').replace('port: 0', 'port: 5432'));
  assert.equal(readlinkSync(join(app.folder, 'current')), 'new');
}

export const leftBeside = (app: App): string[] => readdirSync(app.folder).filter((name) => name.includes('.pgferry-'));
