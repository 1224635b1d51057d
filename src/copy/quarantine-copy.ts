import { quarantineColumns } from '../encode/policy/quarantine-rows.js';
import type { Mark } from '../encode/policy/screen.js';
import type { TargetClient } from '../target/connection/client.js';
import type { CopyInOptions } from '../target/copy/copy-in.js';
import { bareLedgerName, ledgerSchemaOf } from '../target/ledger/names.js';

/** How rows go into the quarantine. */
export function quarantineCopy({ address }: Pick<TargetClient, 'address'>): CopyInOptions {
  return {
    schema: ledgerSchemaOf(address),
    table: bareLedgerName(address, 'quarantine'),
    columns: quarantineColumns,
    format: 'binary',
  };
}

/** Indexes of the columns that conversions changed, each once, in order. */
export function changedColumns(marks: readonly Pick<Mark, 'column'>[]): number[] {
  return [...new Set(marks.map(({ column }) => column ?? 0))].sort((a, b) => a - b);
}
