import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type pg from 'pg';
import type { FollowResult } from '../../src/model/follow.js';
import { Database } from '../../src/source/sqlite.js';
import { type CommandOptions, runJson } from './command.js';
import { withDatabase } from './database.js';
import { makeSqlite, withFolder } from './folder.js';

/** What a command gave. */
export interface Gave {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;
  readonly error?: { readonly code: string; readonly message: string };
}

/** A source that was loaded into a target, and ways to change and to follow it. */
export interface FollowWorld {
  readonly folder: string;
  readonly source: string;
  readonly client: pg.Client;
  /** The arguments that name both sides. */
  readonly sides: readonly string[];
  /** Changes the source, with its foreign keys in force. */
  readonly change: (sql: string) => void;
  readonly run: <T = FollowResult>(command: string, ...more: readonly string[]) => Promise<T & Gave>;
  /** Both sides are equal by the independent verifier, and the ledger's sums are the counts of the target. */
  readonly assertSame: (...more: readonly string[]) => Promise<void>;
}

export async function inFollowWorld(
  options: { readonly sourceSql: string; readonly config?: object; readonly targetSql?: string },
  use: (world: FollowWorld) => Promise<void>,
): Promise<void> {
  const { sourceSql, config = {}, targetSql = '' } = options;
  await withFolder((folder) =>
    withDatabase(async (url, client) => {
      const source = makeSqlite(folder, sourceSql);
      writeFileSync(join(folder, 'c.json'), JSON.stringify(config));
      if (targetSql !== '') await client.query(targetSql);
      const sides = ['--source', source, '--target', url];
      const at: CommandOptions = { cwd: folder };
      const run = async <T = FollowResult>(command: string, ...more: readonly string[]): Promise<T & Gave> => {
        const rules = command === 'follow' || command === 'repair' ? [] : ['--config', 'c.json'];
        const { json, ...ended } = await runJson([command, ...sides, '--workers', '2', ...rules, ...more], at);
        return { ...(json as unknown as T), ...ended };
      };
      const change = (sql: string) => {
        const db = new Database(source);
        try {
          db.pragma('foreign_keys = ON');
          db.exec(sql);
        } finally {
          db.close();
        }
      };
      const assertSame = async (...more: readonly string[]) => {
        const verified = await run<{ differences: unknown }>('verify', ...more);
        assert.equal(verified.exitCode, 0, `${verified.stderr} ${JSON.stringify(verified.differences)}`);
        await assertLedger(client);
      };
      const loaded = await run(targetSql === '' ? 'migrate' : 'copy');
      assert.equal(loaded.exitCode, 0, loaded.stderr);
      await use({ folder, source, client, sides, change, run, assertSame });
    }),
  );
}

/** The chunks of each table, those of rounds included, add up to what the target holds. */
async function assertLedger(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ name: string; rows: number }>(
    `SELECT table_name AS name, sum(rows)::int AS rows FROM pgferry.chunk GROUP BY 1 ORDER BY 1`,
  );
  for (const { name, rows: noted } of rows) {
    const held = await client.query<{ rows: number }>(`SELECT count(*)::int AS rows FROM public."${name}"`);
    assert.deepEqual([name, noted], [name, held.rows[0]?.rows]);
  }
}
