import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ChildCommand, type ChildResult, measureChild } from './child.js';
import type { Fixture } from './fixtures.js';
import type { Phase } from './result.js';

const cliPath = fileURLToPath(new URL('../src/start.js', import.meta.url));

export interface OurRun extends ChildResult {
  readonly command: ChildCommand;
  readonly phases: readonly Phase[];
}

/** Runs the real command on a fixture, as an operator would: snapshot, init, copy, indexes, full verification. */
export async function measureOurs(fixture: Fixture, url: string, workers: number): Promise<OurRun> {
  const runFolder = mkdtempSync(join(fixture.schemaFolder, 'run-'));
  const args = ['migrate', '--json', '--quiet', '--source', fixture.path, '--workers', String(workers)];
  const command = {
    file: process.execPath,
    args: [cliPath, ...args],
    // The target goes through the environment: it may hold a password.
    env: {
      POSTGRES_DATABASE_URL: url,
      POSTGRES_SQL_DIR: fixture.schemaFolder,
      MIGRATION_RUN_DIR: join(runFolder, 'run'),
    },
  };
  try {
    const run = await measureChild(command);
    return { ...run, command, phases: run.exitCode === 0 ? readPhases(run.stdout) : [] };
  } finally {
    rmSync(runFolder, { recursive: true, force: true });
  }
}

/** The phases out of the command's JSON; none where it tells none. */
export function readPhases(json: string): Phase[] {
  const { phases } = JSON.parse(json) as { phases?: readonly Phase[] };
  return (phases ?? []).map(({ name, ms }) => ({ name: String(name), ms: Number(ms) }));
}
