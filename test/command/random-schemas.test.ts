import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CopierError, migrate, type MigrateOptions, type RunResult, verify } from '../../src/pgferry.js';
import { randomSchemaSql } from '../translate/random-schema.js';
import { comparing } from '../support/comparing.js';
import { withDatabase } from '../support/database.js';
import { makeSqlite, withFolder } from '../support/folder.js';
import { runCount } from '../support/run-count.js';

const runs = runCount({ usual: 8, full: 120 });

/** Whether an error is a refusal that says where and what to do: of the plan, or of the copy for a value. */
function isRefusal(error: unknown): boolean {
  if (!(error instanceof CopierError)) return false;
  const reasons = error.findings.filter(({ severity }) => severity === 'error');
  const isTold = reasons.length > 0 && reasons.every(({ message, hint }) => message !== '' && hint !== '');
  return (error.code === 'plan.refused' && isTold) || error.code.startsWith('data.');
}

/** Migrates; null where it is refused, with what could be waived in `waivable`. */
async function attempt(options: MigrateOptions): Promise<RunResult | null> {
  try {
    return await migrate({ ...options, workers: 1 });
  } catch (error) {
    if (!isRefusal(error)) throw error;
    const { findings } = error as CopierError;
    waivable = findings.flatMap(({ hint }) => /--waive '(.*)'$/s.exec(hint)?.[1] ?? []);
    return null;
  }
}

let waivable: string[] = [];

test('every random schema migrates and is verified, schema and rows, or is refused with findings; none crashes', async () => {
  let migrated = 0;
  await fc.assert(
    fc.asyncProperty(randomSchemaSql, async (sql) => {
      await withFolder((folder) =>
        withDatabase(async (url) => {
          const options = {
            sourcePath: makeSqlite(folder, sql),
            targetUrl: url,
            fromSource: true,
            backupFolder: folder,
          };
          const outcome = (await attempt(options)) ?? (await attempt({ ...options, waive: waivable }));
          if (outcome === null) return;
          assert.deepEqual(
            outcome.findings.filter(({ severity }) => severity === 'error'),
            [],
          );
          assert.equal((await verify(comparing({ ...options, workers: 1 }))).ok, true);
          migrated += 1;
        }),
      );
    }),
    { numRuns: runs },
  );
  assert.ok(migrated > 0, 'all of them were refused');
});
