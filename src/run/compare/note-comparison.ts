import { toWire } from '../../model/error.js';
import type { RunResult } from '../../model/result.js';
import type { TargetAddress } from '../../model/target.js';
import { withTarget } from '../../target/connection/connect.js';
import { noteComparison } from '../../target/ledger/comparison.js';
import { hasLedger } from '../../target/ledger/ledger.js';
import { latestRun } from '../../target/ledger/run.js';
import type { Settings } from '../../model/settings.js';
import { stableJson } from '../../plan/plan-hash.js';
import type { Context } from '../context.js';
import { lockWaits } from '../lock-waits.js';
import { readStoredSettings } from '../plan/stored-plan.js';

/** What of a result is noted. */
type Compared = Pick<RunResult, 'command' | 'ok' | 'differenceTotals' | 'findings'>;

/**
 * Enters what a comparison found beside the youngest run, so that `status` knows. Nothing is made where pgferry has no
 * ledger, and a role that may only read compares all the same. A comparison of some tables alone can say that the sides
 * differ, but not that they are equal.
 */
export async function recordComparison(context: Context, address: TargetAddress, compared: Compared): Promise<void> {
  const { settings, journal, signal } = context;
  const connecting = { applicationName: 'pgferry note', signal, locks: lockWaits(context) };
  try {
    // A session that sees the target as it was can only read.
    const { frozenAs: _, ...asItIs } = address;
    await withTarget(asItIs, connecting, async (client) => {
      const run = (await hasLedger(client)) ? await latestRun(client, address.schema) : null;
      if (run === null) return;
      if (compared.ok && isOfSome(settings, (await readStoredSettings(client, run.runId)).choices)) return;
      const { command, ok } = compared;
      await noteComparison(client, run.runId, { command, ok, differences: differencesOf(compared) });
    });
  } catch (error) {
    journal.note(`pgferry status will not know of this comparison: ${toWire(error).message}`);
  }
}

/** Whether other tables were chosen than those of the run. */
function isOfSome({ tables, exclude }: Chosen, ofRun: Chosen): boolean {
  if (tables.length === 0 && exclude.length === 0) return false;
  return stableJson([tables, exclude]) !== stableJson([ofRun.tables, ofRun.exclude]);
}

type Chosen = Pick<Settings, 'tables' | 'exclude'>;

/** Rows and values that differ, and everything of the schema. */
function differencesOf({ differenceTotals = [], findings }: Compared): number {
  const rows = differenceTotals.reduce((sum, { count }) => sum + count, 0);
  const isOfRow = (code: string) => /^verify\.(missing|extra|changed|repeated|more)$/.test(code);
  return rows + findings.filter(({ severity, code }) => severity === 'error' && !isOfRow(code)).length;
}
