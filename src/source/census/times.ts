import { firstVoteSeconds, lastVoteSeconds } from '../../lib/time/epochs.js';
import { must } from '../../model/error.js';
import type { TimeCounts } from '../../model/census.js';
import { type RowView, Storage } from '../../model/value.js';

/** Bands of the years 1971 to 2100, and of 9999-12-31, in seconds since 1970; in the finer units a power of ten more. */
const bandS = { first: BigInt(firstVoteSeconds), last: BigInt(lastVoteSeconds) };
const neverS = { first: 253_402_214_400n, last: 253_402_300_799n };
const scales = { s: 1n, ms: 1000n, us: 1_000_000n, ns: 1_000_000_000n } as const;
const daySeconds = 86_400n;
const units = ['s', 'ms', 'us', 'ns'] as const;
const neverUnits = ['s', 'ms', 'us'] as const;

interface Tally {
  votes: { s: number; ms: number; us: number; ns: number };
  never: { s: number; ms: number; us: number };
  unvoted: number;
  wholeDays: { s: number; ms: number; us: number; ns: number };
  smallest: bigint | null;
  largest: bigint | null;
}

/**
 * Counts the integers of columns by the unit since 1970 in which they are times of our age. Values of other storage classes
 * are passed by. Memory: nothing per row.
 */
export function countTimes(rows: Iterable<RowView>, columnCount: number): TimeCounts[] {
  const tallies = Array.from({ length: columnCount }, emptyTally);
  for (const view of rows) {
    for (let column = 0; column < columnCount; column += 1) {
      const storage = view.storage[column];
      if (storage === Storage.Integer) add(must(tallies[column], 'tally'), BigInt(view.number[column] as number));
      else if (storage === Storage.Wide) add(must(tallies[column], 'tally'), view.wide.getBigInt64(8 * column));
    }
  }
  return tallies.map(toCounts);
}

/** Adds up what parts of one column hold, in any order; at least one. */
export function mergeTimes(parts: readonly TimeCounts[]): TimeCounts {
  const total = emptyTally();
  for (const { votes, never, unvoted, wholeDays, smallest, largest } of parts) {
    for (const unit of units) total.votes[unit] += votes[unit];
    for (const unit of units) total.wholeDays[unit] += wholeDays[unit];
    for (const unit of neverUnits) total.never[unit] += never[unit];
    total.unvoted += unvoted;
    for (const end of [smallest, largest]) if (end !== null) widen(total, BigInt(end));
  }
  return toCounts(total);
}

function emptyTally(): Tally {
  return {
    votes: { s: 0, ms: 0, us: 0, ns: 0 },
    never: { s: 0, ms: 0, us: 0 },
    unvoted: 0,
    wholeDays: { s: 0, ms: 0, us: 0, ns: 0 },
    smallest: null,
    largest: null,
  };
}

function add(tally: Tally, value: bigint): void {
  if (value === 0n) return;
  const never = neverUnits.find((unit) => isWithin(value, neverS, scales[unit]));
  if (never !== undefined) {
    tally.never[never] += 1;
    return;
  }
  const vote = units.find((unit) => isWithin(value, bandS, scales[unit]));
  if (vote === undefined) tally.unvoted += 1;
  else tally.votes[vote] += 1;
  for (const unit of units) if (value % (daySeconds * scales[unit]) === 0n) tally.wholeDays[unit] += 1;
  widen(tally, value);
}

function isWithin(value: bigint, { first, last }: typeof bandS, scale: bigint): boolean {
  return value >= first * scale && value <= last * scale + scale - 1n;
}

function widen(tally: Tally, value: bigint): void {
  if (tally.smallest === null || value < tally.smallest) tally.smallest = value;
  if (tally.largest === null || value > tally.largest) tally.largest = value;
}

function toCounts({ votes, never, unvoted, wholeDays, smallest, largest }: Tally): TimeCounts {
  return {
    votes,
    never,
    unvoted,
    wholeDays,
    smallest: smallest?.toString() ?? null,
    largest: largest?.toString() ?? null,
  };
}
