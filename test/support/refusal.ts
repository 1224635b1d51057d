import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type pg from 'pg';
import { exitCodeOf } from '../../src/model/error.js';
import { type CommandOptions, type JsonResult, runJson } from './command.js';

export interface Refusal {
  readonly code: string;
  /** What the message must name. */
  readonly says: RegExp;
  /** The next step. */
  readonly hint: RegExp;
  /** Findings of severity error, as `code table`, where one error stands for several. */
  readonly reasons?: readonly string[];
}

/**
 * Runs the command and checks that it fails as the contract says: the exit code of the error's class, one JSON object
 * with ok: false and the error on stdout, and the same for people on stderr: message, code and next step.
 */
export async function checkRefusal(
  args: readonly string[],
  options: CommandOptions,
  { code, says, hint, reasons }: Refusal,
): Promise<JsonResult> {
  const { exitCode, json, stderr } = await runJson(args, options);
  assert.equal(json.error?.code, code, stderr);
  assert.equal(exitCode, exitCodeOf(code));
  assert.equal(json.error?.exitCode, exitCode);
  assert.equal(json.ok, false);
  assert.equal(json.command, args[0]);
  assert.match(json.error?.message ?? '', says);
  assert.match(json.error?.hint ?? '', hint);
  assert.ok(!('stack' in (json.error ?? {})), 'a stack is for bugs');
  assert.match(stderr, says);
  assert.match(stderr, hint);
  assert.ok(stderr.includes(`[${code}]`), stderr);
  if (reasons !== undefined) {
    const errors = json.findings.filter(({ severity }) => severity === 'error');
    assert.deepEqual(
      errors.map((finding) => [finding.code, finding.table].filter((part) => part !== null).join(' ')),
      reasons,
    );
    for (const finding of errors) {
      assert.notEqual(finding.hint, '');
      assert.ok(stderr.includes(finding.hint), stderr);
    }
  }
  return json;
}

/** Whether a run left its folder, or any other file, below the folder from which it was started. */
export function checkNoRunFolder(folder: string, names: readonly string[]): void {
  const base = join(folder, '.db-migration-backups');
  if (existsSync(base)) assert.deepEqual(readdirSync(base), ['.gitignore']);
  const others = readdirSync(folder).filter((name) => name !== '.db-migration-backups');
  assert.deepEqual(others.sort(), [...names].sort());
}

/** Tables of every schema but PostgreSQL's own, and whether there is a ledger. */
export async function listObjects(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT nspname || coalesce('.' || relname, '') AS name
       FROM pg_namespace n LEFT JOIN pg_class c ON c.relnamespace = n.oid AND relkind IN ('r', 'p')
      WHERE nspname !~ '^(pg_|information_schema)' ORDER BY 1`,
  );
  return rows.map(({ name }) => name);
}
