import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { confirmation } from '../../src/commands/cutover/preflight.js';
import { Database } from '../../src/source/sqlite.js';
import { type ChildResult, measureChild } from '../measure/child.js';
import type { Fixture } from '../data/fixtures.js';

/* The command with an application of the fixture's, for benches of moves and of the way back. */

const cliPath = fileURLToPath(new URL('../../src/start.js', import.meta.url));

/** Both sides of a move. */
export interface Side {
  readonly source: string;
  readonly folder: string;
  readonly url: string;
  readonly schema: string;
  readonly fixture: Fixture;
}

/** The command with both sides named; a failure ends the bench with what the command said. */
export async function run(
  { source, folder, url, schema, fixture }: Side,
  args: readonly string[],
): Promise<ChildResult> {
  const env = {
    POSTGRES_DATABASE_URL: `${url}?schema=${schema}`,
    POSTGRES_SQL_DIR: fixture.schemaFolder,
    BACKUP_DIR: join(folder, 'backups'),
    CUTOVER_BASE_DIR: join(folder, 'cutovers'),
    CUTOVER_CONFIRM: confirmation,
    CUTOVER_GENERATE_PROVIDER: '0',
    VPS_ENV_FILE: join(folder, 'env'),
  };
  if (args[0] === 'cutover') writeFileSync(env.VPS_ENV_FILE, 'VPS_DB_PROVIDER=sqlite\n');
  const child = await measureChild({
    file: process.execPath,
    args: [cliPath, ...args, '--json', '--quiet', '--source', source],
    env,
  });
  if (child.exitCode !== 0)
    throw new Error(`${args.join(' ')} ended with ${child.exitCode}: ${child.stderr} ${child.stdout}`);
  return child;
}

/** The fixture in WAL mode, since a cutover writes to its source. */
export function copyOf(fixture: Fixture, folder: string, name: string): string {
  const path = join(folder, name);
  copyFileSync(fixture.path, path);
  const db = new Database(path);
  db.pragma('journal_mode = WAL');
  db.close();
  return path;
}
