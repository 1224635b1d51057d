import { quoteIdentifier } from '../../lib/quote.js';
import type { TargetColumn } from '../../model/target.js';

/** Columns of a table in place of some of them: those that hold values of their own, and those that are made from these. */
export interface WithGenerated {
  readonly columns: readonly string[];
  readonly generated: readonly TargetColumn[];
}

/** The columns that must be known to know these: a generated one stands for those that it is made from. */
export function withGenerated(names: readonly string[], all: readonly TargetColumn[]): WithGenerated {
  const generated = all.filter(({ name, isGenerated }) => isGenerated && names.includes(name));
  if (generated.length === 0) return { columns: names, generated };
  const own = names.filter((name) => !generated.some((column) => column.name === name));
  const from = generated.flatMap(({ generatedFrom }) => generatedFrom ?? []);
  return { columns: [...new Set([...own, ...from])], generated };
}

/**
 * A query of one row for each position of the lists of texts $1, $2 …: the columns in their types, those that the server
 * generates, and `pgferry_position`; with `isCounted` also `pgferry_rows`, from the list of integers behind the last.
 */
export function typedRowsSql(
  columns: readonly TargetColumn[],
  generated: readonly TargetColumn[],
  isCounted = false,
): string {
  const lists = [
    ...columns.map((_, at) => `$${at + 1}::text[]`),
    ...(isCounted ? [`$${columns.length + 1}::int[]`] : []),
  ];
  const names = [...columns.map((_, at) => `a${at}`), ...(isCounted ? ['n'] : [])];
  const typed = columns.map(({ name, type }, at) => `u.a${at}::${type} AS ${quoteIdentifier(name)}`);
  const counted = isCounted ? ['u.n AS pgferry_rows'] : [];
  const rows = `SELECT ${[...typed, ...counted, '(u."position" - 1)::int AS pgferry_position'].join(', ')}
      FROM unnest(${lists.join(', ')}) WITH ORDINALITY AS u(${names.join(', ')}, "position")`;
  if (generated.length === 0) return rows;
  const made = generated.map(
    ({ name, type, defaultSql }) => `(${defaultSql ?? 'NULL'})::${type} AS ${quoteIdentifier(name)}`,
  );
  return `SELECT pgferry_typed.*, ${made.join(', ')} FROM (${rows}) AS pgferry_typed`;
}
