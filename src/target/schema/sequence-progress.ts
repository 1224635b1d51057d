import { quoteName, quoteTable } from '../../lib/quote.js';
import { must } from '../../model/error.js';
import type { TargetClient } from '../connection/client.js';

/** A sequence and the column whose numbers come from it. */
export interface SequenceRow {
  readonly oid: number;
  readonly sequence: string;
  readonly table: string;
  readonly column: string;
  /** Owned by its column, so nothing else takes numbers from it. */
  readonly isOwned: boolean;
  /** Whether our role may read its position. */
  readonly isReadable: boolean;
  readonly start: string;
  readonly increment: string;
  readonly min: string;
  readonly max: string;
}

/** How far a column and its sequence are. */
export interface SequenceProgress {
  /** The largest value of the column, or the smallest where the sequence falls; a fraction counts as passed. */
  readonly extreme: bigint | null;
  /** The sequence's own state; null where it was not asked for. */
  readonly state: SequenceState | null;
}

export interface SequenceState {
  readonly value: bigint;
  readonly isCalled: boolean;
}

/** Each takes locks on a table with its indexes and on a sequence, until its statement ends. */
const sequencesPerStatement = 50;

/**
 * Reads how far columns and sequences are, many with one statement, in the order of the rows. `asksState`: whether the
 * sequence itself is read, which our role may not be allowed to.
 */
export async function readSequences(
  client: TargetClient,
  schema: string,
  rows: readonly SequenceRow[],
  asksState: (row: SequenceRow) => boolean,
): Promise<SequenceProgress[]> {
  const found: SequenceProgress[] = [];
  for (let first = 0; first < rows.length; first += sequencesPerStatement) {
    const some = rows.slice(first, first + sequencesPerStatement);
    const sql = some.map((row, i) => progressSql(schema, row, i, asksState(row))).join(' UNION ALL ');
    const only = some.length === 1 ? some[0] : undefined;
    const answers = await client.query<ProgressRow & Record<string, unknown>>(`${sql} ORDER BY i`, [], {
      doing: 'reading how far sequences are',
      ...(only === undefined ? {} : { table: only.table, column: only.column }),
    });
    found.push(...some.map((_, i) => progressOf(must(answers[i], 'progress of a sequence'))));
  }
  return found;
}

interface ProgressRow {
  readonly extreme: string | null;
  readonly value: string | null;
  readonly isCalled: boolean | null;
}

function progressSql(schema: string, row: SequenceRow, i: number, asksState: boolean): string {
  const column = quoteName(row.column);
  const extreme = row.increment.startsWith('-') ? `floor(min(${column})::numeric)` : `ceil(max(${column})::numeric)`;
  const ofColumn = `(SELECT ${extreme}::text FROM ${quoteTable(schema, row.table)}) AS extreme`;
  const ofSequence = asksState
    ? `s.last_value::text AS value, s.is_called AS "isCalled" FROM ${row.sequence} AS s`
    : 'NULL::text AS value, NULL::boolean AS "isCalled"';
  return `SELECT ${i} AS i, ${ofColumn}, ${ofSequence}`;
}

function progressOf({ extreme, value, isCalled }: ProgressRow): SequenceProgress {
  return {
    extreme: extreme === null ? null : BigInt(extreme),
    state: value === null ? null : { value: BigInt(value), isCalled: isCalled === true },
  };
}

/** The last number that a sequence gave, null before the first. */
export function lastGiven(state: SequenceState | null): bigint | null {
  return state?.isCalled === true ? state.value : null;
}
