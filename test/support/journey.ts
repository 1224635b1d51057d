import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeSampleDatabase } from '../../prisma/sample.js';
import { confirmation } from '../../src/commands/cutover/preflight.js';
import type { CutoverResult } from '../../src/model/cutover.js';
import type { CutoverStatus } from '../../src/model/status.js';
import { Database } from '../../src/source/sqlite.js';
import { type CommandOptions, type Ended, runCommand } from './command.js';
import { makeSqlite } from './folder.js';
import { root } from './page.js';

/** What the env file of every test application holds before the switch: CRLF, a comment, quotes, no line end at the end. */
export const envBefore =
  '# of the application\r\nSECRET=s3cret\r\nexport VPS_DB_PROVIDER="sqlite" # which one\r\nPORT=3000';
export const envAfter = envBefore.replace('sqlite', 'postgres');

/** Where an application under test lives, and how pgferry is called for it. */
export interface App {
  readonly folder: string;
  readonly source: string;
  readonly envPath: string;
  readonly url: string;
  readonly env: Readonly<Record<string, string>>;
}

/** The sample application in a folder that has its Prisma schemas already. */
export function makeSampleApp(folder: string, url: string): App {
  const source = join(folder, 'app.db');
  makeSampleDatabase(source);
  return makeApp(folder, url, {
    POSTGRES_SQL_DIR: join(root, 'prisma/postgres'),
    PRISMA_SCHEMA_POSTGRES: join(folder, 'schema.postgres.prisma'),
    PRISMA_SCHEMA_SQLITE: join(folder, 'schema.prisma'),
  });
}

/** An application of two small tables and no Prisma, for what has to be done again and again. */
export function makeSmallApp(folder: string, url: string, more: Readonly<Record<string, string>> = {}): App {
  makeSqlite(
    folder,
    `PRAGMA journal_mode = WAL;
     CREATE TABLE parent (id INTEGER PRIMARY KEY, t TEXT);
     CREATE TABLE child (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES parent (id), note TEXT);
     INSERT INTO parent VALUES (1, 'one'), (2, 'two'), (3, NULL);
     INSERT INTO child VALUES (1, 1, 'a'), (2, 1, ''), (3, 2, NULL);`,
  );
  return makeApp(folder, url, { CUTOVER_GENERATE_PROVIDER: '0', FROM_SOURCE: '1', WORKERS: '1', ...more });
}

function makeApp(folder: string, url: string, more: Readonly<Record<string, string>>): App {
  const envPath = join(folder, '.vps.env');
  writeFileSync(envPath, envBefore);
  chmodSync(envPath, 0o640);
  const source = join(folder, 'app.db');
  const env = {
    SQLITE_DB_PATH: source,
    VPS_ENV_FILE: envPath,
    POSTGRES_DATABASE_URL: url,
    PRISMA_SCHEMA_ENGINE_BINARY: '/bin/true',
    CHECKPOINT_DISABLE: '1',
    PRISMA_HIDE_UPDATE_MESSAGE: '1',
    ...more,
  };
  return { folder, source, envPath, url, env };
}

export type CutoverJson = CutoverResult & {
  readonly ok: boolean;
  readonly error?: { readonly code: string; readonly message: string; readonly hint: string };
};

type Ran<T> = Ended & { readonly json: T };

/** Runs cutover with the phrase, rollback or release for the application. */
export async function runFor(
  app: App,
  command: 'cutover' | 'rollback' | 'release' | 'settle-cutover',
  options: { readonly args?: readonly string[]; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<Ran<CutoverJson>> {
  const env = { ...app.env, CUTOVER_CONFIRM: confirmation, ...options.env };
  return await runRead<CutoverJson>([command, ...(options.args ?? [])], { cwd: app.folder, env });
}

/** What status says of the application's cutover. */
export async function statusOf(app: App): Promise<CutoverStatus | null> {
  const { json } = await runRead<{ cutover: CutoverStatus | null }>(['status'], { cwd: app.folder, env: app.env });
  return json.cutover;
}

async function runRead<T>(args: readonly string[], options: CommandOptions): Promise<Ran<T>> {
  const ended = await runCommand([...args, '--json'], options);
  try {
    return { ...ended, json: JSON.parse(ended.stdout) as T };
  } catch {
    throw new Error(`no JSON on stdout: ${ended.stdout}\n${ended.stderr} (${ended.exitCode} ${ended.signal})`);
  }
}

/** A running test application. */
export interface Server {
  readonly get: (path: string) => Promise<{ readonly status: number; readonly body: string }>;
  readonly post: (path: string) => Promise<{ readonly status: number; readonly body: string }>;
}

/** Lends the journey's application as a process of its own, on the database that its env file names. */
export async function withServer<T>(app: App, use: (server: Server) => Promise<T>): Promise<T> {
  const child = startProgram('./journey-app.js', [app.folder, app.url]);
  try {
    const line = await firstWords(child);
    const call = (method: string) => async (path: string) => {
      const response = await fetch(`http://127.0.0.1:${Number(line)}${path}`, { method });
      return { status: response.status, body: await response.text() };
    };
    return await use({ get: call('GET'), post: call('POST') });
  } finally {
    child.stdin?.end();
    await ending(child);
  }
}

/** Starts one of the journey's programs. */
export function startProgram(path: string, args: readonly string[]): ChildProcess {
  const program = fileURLToPath(new URL(path, import.meta.url));
  return spawn(process.execPath, [program, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
}

/** What a program says first; one that ends without a word is an error. */
export async function firstWords(child: ChildProcess): Promise<string> {
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`the program ended with ${code} before it said a word`);
  });
  const [bytes] = (await Promise.race([once(child.stdout ?? child, 'data'), ended])) as [Buffer];
  ended.catch(() => {});
  return bytes.toString();
}

export async function ending(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
}

/** A write of the application on SQLite: whether it was taken. */
export function writeToSqlite(app: App, id: number): boolean {
  return isTaken(app.source, "INSERT INTO child VALUES (?, 1, 'written meanwhile')", id);
}

/** Whether a SQLite file takes a write of this id, or is closed. */
export function isTaken(path: string, sql: string, id: number): boolean {
  const db = new Database(path);
  try {
    db.prepare(sql).run(id);
    return true;
  } catch (error) {
    assert.match((error as Error).message, /moved to PostgreSQL by pgferry/);
    return false;
  } finally {
    db.close();
  }
}
