import type { JournalPrice } from '../../src/target/reverse/price.js';
import type { MachineFacts } from '../measure/machine.js';
import type { Requirement } from './result.js';

/** A rollback beside a verify of the same database. Times in milliseconds. */
export interface WayFigures {
  /** `downtimeMs`: from the lock of the target's tables to the switch. */
  readonly rollback: { readonly wallMs: number; readonly cpuMs: number; readonly downtimeMs: number };
  readonly verify: { readonly wallMs: number; readonly cpuMs: number };
  readonly phases: readonly { readonly name: string; readonly ms: number }[];
}

/** What bench/way-back.ts measures, as bench/results/way-back-SIZE.json holds it. */
export interface WayBackResult {
  readonly size: string;
  readonly measuredAt: string;
  readonly machine: MachineFacts;
  readonly rows: number;
  /** Of the SQLite file. */
  readonly bytes: number;
  /** Rows that the target took after the switch. */
  readonly writes: number;
  readonly price: JournalPrice;
  readonly without: WayFigures;
  readonly with: WayFigures;
}

/** The figures of the way back with their limits; `larger` is the same of ten times as many rows. */
export function wayBackRequirements(result: WayBackResult, larger: WayBackResult | undefined): Requirement[] {
  const most = (name: string, limit: number, value: number | null): Requirement => ({
    name,
    bound: 'at most',
    limit,
    value,
  });
  const { oneRow, thousandRows } = result.price;
  return [
    most(
      'rollback without a journal / verify, wall',
      1.5,
      result.without.rollback.wallMs / result.without.verify.wallMs,
    ),
    most('the same, CPU', 1.5, result.without.rollback.cpuMs / result.without.verify.cpuMs),
    most('application waits with a journal, without the restore of the file, s', 2, besideRestore(result.with) / 1000),
    most(
      'the same of ten times as many rows / of these',
      1.5,
      larger === undefined ? null : besideRestore(larger.with) / besideRestore(result.with),
    ),
    most('single-row inserts, with a journal / without', 1.3, oneRow.with / oneRow.without),
    most('1 000-row inserts, with a journal / without', 1.1, thousandRows.with / thousandRows.without),
  ];
}

/** The downtime of a rollback without the phase that makes the file whole from its snapshot, in milliseconds. */
export function besideRestore({ rollback, phases }: WayFigures): number {
  return rollback.downtimeMs - (phases.find(({ name }) => name === 'restore')?.ms ?? 0);
}
