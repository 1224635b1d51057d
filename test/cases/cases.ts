import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { runJson } from '../support/command.js';
import { withDatabase } from '../support/database.js';
import { Database } from '../../src/source/sqlite.js';
import { withFolder } from '../support/folder.js';

/** One `migrate` of a case, and what comes of it. */
export interface Step {
  readonly config?: object;
  readonly args?: readonly string[];
  /** SQL on the target before the step. */
  readonly before?: string;
  readonly exit?: number;
  /** Codes that the findings, or the error, must have. */
  readonly codes?: readonly string[];
  /** Codes that they must not have. */
  readonly none?: readonly string[];
  /** Words that messages, hints or config lines must have. */
  readonly says?: readonly string[];
  /** Words that none of them may have. */
  readonly saysNot?: readonly string[];
  /** Queries on the target, each with its rows as PostgreSQL writes records, joined by blanks. */
  readonly look?: readonly (readonly [sql: string, rows: string])[];
}

/** A small input of a kind that people's files have, with its right outcome. */
export interface Case {
  readonly name: string;
  readonly source: string;
  /** The application's own schema; none where it is translated. */
  readonly target?: string;
  /** Files below the folder that --sql-dir names. */
  readonly sql?: Readonly<Record<string, string>>;
  readonly steps: readonly Step[];
}

/** The columns of a table with their types, as a query for `look`. */
export function typesSql(table: string): string {
  return `SELECT a.attname, format_type(a.atttypid, a.atttypmod) FROM pg_attribute a
    WHERE a.attrelid = '"${table}"'::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`;
}

/** A test for each case: both sides are made, each step is run by the real command, and the target is looked at by SQL. */
export function testCases(cases: readonly Case[]): void {
  for (const one of cases) test(one.name, () => runCase(one));
}

/** Foreign keys are off, as in SQLite, and the text of the schema can be changed: to what this build would not parse anew. */
function makeSource(folder: string, sql: string): string {
  const path = join(folder, 'app.db');
  const db = new Database(path);
  try {
    db.unsafeMode();
    db.pragma('foreign_keys = OFF');
    db.exec(sql);
  } finally {
    db.close();
  }
  return path;
}

async function runCase({ source, target, sql = {}, steps }: Case): Promise<void> {
  await withFolder((folder) =>
    withDatabase(async (url, client) => {
      if (target !== undefined) await client.query(target);
      for (const [name, text] of Object.entries(sql)) {
        mkdirSync(dirname(join(folder, 'sql', name)), { recursive: true });
        writeFileSync(join(folder, 'sql', name), text);
      }
      const sides = ['--source', makeSource(folder, source), '--target', url, '--config', 'c.json'];
      const files = Object.keys(sql).length === 0 ? [] : ['--sql-dir', 'sql'];
      for (const step of steps) {
        if (step.before !== undefined) await client.query(step.before);
        writeFileSync(join(folder, 'c.json'), JSON.stringify(step.config ?? {}));
        const run = await runJson(['migrate', ...sides, ...files, ...(step.args ?? [])], { cwd: folder });
        checkStep(step, run);
        for (const [query, rows] of step.look ?? []) {
          const found = await client.query<{ rows: string }>(
            `SELECT coalesce(string_agg(q::text, ' '), '') AS rows FROM (${query}) AS q`,
          );
          assert.equal(found.rows[0]?.rows, rows, query);
        }
      }
    }),
  );
}

function checkStep(
  { exit = 0, codes = [], none = [], says = [], saysNot = [] }: Step,
  { exitCode, json, stderr }: Awaited<ReturnType<typeof runJson>>,
): void {
  assert.equal(exitCode, exit, stderr);
  const found: string[] = [...(json.findings ?? []).map(({ code }) => code), json.error?.code ?? ''];
  assert.deepEqual(
    codes.filter((code) => !found.includes(code)),
    [],
    `missing among ${found.join(', ')}`,
  );
  assert.deepEqual(
    none.filter((code) => found.includes(code)),
    [],
    stderr,
  );
  const text = `${JSON.stringify(json).replaceAll('\\"', '"')}${stderr}`;
  for (const words of says) assert.ok(text.includes(words), `${words} in ${text}`);
  for (const words of saysNot) assert.ok(!text.includes(words), `${words} in ${text}`);
}
