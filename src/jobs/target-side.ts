import type { CellBatch } from '../model/value.js';
import { readTargetCells, type TargetTableToVerify } from '../target/copy/verify-rows.js';
import { isSentInBinary, readTargetTuples, sampleOfForms } from '../target/copy/verify-tuples.js';
import { UnreadBinary } from '../verify/printed-form.js';
import type { VerifyTable } from '../verify/rows.js';
import { hashSide, type SideSummary, type SumOptions } from '../verify/table.js';
import { withRowsOfTarget } from './thread-target.js';

type Options = Omit<SumOptions, 'isBinary'>;
type Batches = AsyncGenerator<CellBatch>;

/**
 * Sums up the target's side of a table: from the binary forms of its types where it has them all and the server's are as
 * known, else from what PostgreSQL prints.
 */
export async function sumUpTarget(
  table: VerifyTable & TargetTableToVerify,
  options: Options,
  metered: (batches: Batches) => Batches,
): Promise<SideSummary> {
  if (isSentInBinary(table) && (await areFormsKnown())) {
    try {
      return await withRowsOfTarget((client) =>
        hashSide(metered(readTargetTuples(client, table)), table, { ...options, isBinary: true }),
      );
    } catch (error) {
      if (!(error instanceof UnreadBinary)) throw error;
    }
  }
  return await withRowsOfTarget((client) => hashSide(metered(readTargetCells(client, table)), table, options));
}

let known: Promise<boolean> | null = null;

/** Whether sample values come to the same in binary form as in the text that this server prints. Asked once in a thread. */
async function areFormsKnown(): Promise<boolean> {
  known ??= withRowsOfTarget(async (client) => {
    const { table: sample, from } = sampleOfForms();
    const table = { ...sample, source: sample.target, key: { origin: 'none' as const, columns: [0] } };
    const options = { side: 'target', bucketCount: 2 } as const;
    const binary = await hashSide(readTargetTuples(client, sample, from), table, { ...options, isBinary: true });
    const printed = await hashSide(readTargetCells(client, sample, from), table, options);
    return binary.sums.every((sum, i) => sum === printed.sums[i]) && binary.rows === printed.rows;
  });
  try {
    return await known;
  } catch (error) {
    known = null;
    throw error;
  }
}
