import type { TablePlan } from '../model/plan.js';
import type { QuarantineState } from '../model/quarantine.js';
import { textOfReal } from '../source/verify/real-text.js';
import type { TargetClient } from '../target/connection/client.js';
import { readQuarantine } from '../target/ledger/quarantine.js';
import { quarantinedBatches } from '../verify/quarantined-batches.js';
import type { CellBatches } from '../verify/rows.js';

/** Reads the quarantined rows of a table that have one of these states, in the form in which the verifier reads rows. */
export type QuarantineReader = (states: readonly QuarantineState[], form: 'original' | 'changed') => CellBatches;

export function quarantineReader(
  client: TargetClient,
  table: Omit<TablePlan, 'chunks'>,
  runId: string,
): QuarantineReader {
  return (states, form) =>
    quarantinedBatches(readQuarantine(client, { runId, table: table.source, states }), {
      columnCount: table.columns.length,
      form,
      textOfReal,
    });
}
