import { addDecimals, decimalText, greaterOf, decimalFrom } from '../lib/number/exact-decimal.js';
import type { ChunkResult, ColumnResult, ConvertedCells, Losses, TableFingerprint } from '../model/copy.js';
import type { ColumnReport, TableReport } from '../model/result.js';

const zero = '0000000000000000';

/** Adds chunk results of one table up: counts are added, fingerprints added mod 2^64, in any order. */
export function addUp(columns: readonly string[], parts: readonly TableFingerprint[]): TableFingerprint {
  const start: TableFingerprint = {
    rows: 0,
    keyset: zero,
    columns: columns.map((column) => ({ column, nulls: 0, empties: 0, fingerprint: zero })),
  };
  return parts.reduce(
    (sum, part) => ({
      rows: sum.rows + part.rows,
      keyset: addHex(sum.keyset, part.keyset),
      columns: sum.columns.map((column, index) => addColumn(column, part.columns[index])),
    }),
    start,
  );
}

/** What is left of the rows of `whole` without those of `part`. */
export function subtract(whole: TableFingerprint, part: TableFingerprint): TableFingerprint {
  return {
    rows: whole.rows - part.rows,
    keyset: subtractHex(whole.keyset, part.keyset),
    columns: whole.columns.map((column, index) => {
      const less = part.columns[index];
      if (less?.column !== column.column) throw new Error(`assertion failed: a part lacks column ${column.column}`);
      return {
        column: column.column,
        nulls: column.nulls - less.nulls,
        empties: column.empties - less.empties,
        fingerprint: subtractHex(column.fingerprint, less.fingerprint),
      };
    }),
  };
}

/** The same for cells that are counted together. */
export function convertedKey({ column, hazard, rule }: Pick<ConvertedCells, 'column' | 'hazard' | 'rule'>): string {
  return JSON.stringify([column, hazard, rule]);
}

/**
 * Adds counts and losses of changed cells up by column, hazard and rule, less those of `less`; what comes to none is left
 * out. The greatest loss is that of `parts`.
 */
export function addConverted(
  parts: readonly (readonly ConvertedCells[])[],
  less: readonly ConvertedCells[] = [],
): ConvertedCells[] {
  const sums = new Map<string, ConvertedCells>();
  const add = (one: ConvertedCells, sign: 1 | -1): void => {
    const key = convertedKey(one);
    const sum = sums.get(key) ?? { ...one, cells: 0, ...noLosses };
    sums.set(key, { ...one, cells: sum.cells + sign * one.cells, ...addLosses(sum, one, sign) });
  };
  for (const one of parts.flat()) add(one, 1);
  for (const one of less) add(one, -1);
  return [...sums.values()].filter(({ cells, net, lost }) => cells !== 0 || net !== '0' || lost !== '0');
}

export const noLosses: Losses = { net: '0', lost: '0', greatest: '0' };

/** Both losses together, or, with the sign −1, the first less the second, whose greatest is then that of the first. */
export function addLosses(a: Losses, b: Losses, sign: 1 | -1): Losses {
  const sum = (name: keyof Losses) =>
    decimalText(addDecimals(decimalFrom(a[name]), decimalFrom(b[name]), sign === 1 ? 1n : -1n));
  const greatest = sign < 0 ? a.greatest : decimalText(greaterOf(decimalFrom(a.greatest), decimalFrom(b.greatest)));
  return { net: sum('net'), lost: sum('lost'), greatest };
}

/** Rows of these chunks that are in quarantine. */
export function totalQuarantined(results: readonly ChunkResult[]): number {
  return results.reduce((sum, result) => sum + result.quarantined, 0);
}

/** COPY bytes of all chunks together. */
export function totalBytes(results: readonly ChunkResult[]): number {
  return results.reduce((sum, result) => sum + result.bytes, 0);
}

/**
 * Sets both sides of a table side by side. Equal means: the conservation law holds (rows of the source = copied +
 * quarantined), and counts, keyset and every column's counts and fingerprint are the same.
 */
export function compareFingerprints(request: {
  readonly table: string;
  readonly sourceRows: number;
  readonly source: TableFingerprint;
  readonly target: TableFingerprint;
  readonly quarantinedRows: number;
}): TableReport {
  const { table, sourceRows, source, target, quarantinedRows } = request;
  const columns = source.columns.map((column, index) => reportColumn(column, target.columns[index]));
  const isConserved = sourceRows === source.rows + quarantinedRows && source.rows === target.rows;
  const ok = isConserved && source.keyset === target.keyset && columns.every(isSame);
  return {
    table,
    sourceRows,
    copiedRows: source.rows,
    quarantinedRows,
    targetRows: target.rows,
    keyset: { source: source.keyset, target: target.keyset },
    columns,
    ok,
  };
}

/** Whether two fingerprints stand for the same rows: every count and every sum is equal. */
export function isSameContent(a: TableFingerprint, b: TableFingerprint): boolean {
  return (
    a.rows === b.rows &&
    a.keyset === b.keyset &&
    a.columns.every((column, index) => isSame(reportColumn(column, b.columns[index])))
  );
}

function addColumn(sum: ColumnResult, part: ColumnResult | undefined): ColumnResult {
  if (part?.column !== sum.column) throw new Error(`assertion failed: a chunk result lacks column ${sum.column}`);
  return {
    column: sum.column,
    nulls: sum.nulls + part.nulls,
    empties: sum.empties + part.empties,
    fingerprint: addHex(sum.fingerprint, part.fingerprint),
  };
}

function addHex(a: string, b: string): string {
  return BigInt.asUintN(64, BigInt(`0x${a}`) + BigInt(`0x${b}`))
    .toString(16)
    .padStart(16, '0');
}

function subtractHex(a: string, b: string): string {
  return BigInt.asUintN(64, BigInt(`0x${a}`) - BigInt(`0x${b}`))
    .toString(16)
    .padStart(16, '0');
}

function reportColumn(source: ColumnResult, target: ColumnResult | undefined): ColumnReport {
  if (target === undefined) throw new Error(`assertion failed: the target side lacks column ${source.column}`);
  return {
    column: source.column,
    nulls: { source: source.nulls, target: target.nulls },
    empty: { source: source.empties, target: target.empties },
    fingerprint: { source: source.fingerprint, target: target.fingerprint },
  };
}

function isSame({ nulls, empty, fingerprint }: ColumnReport): boolean {
  return nulls.source === nulls.target && empty.source === empty.target && fingerprint.source === fingerprint.target;
}
