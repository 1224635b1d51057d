import type { Code } from './codes/codes.js';
import type { LeftOut, SourceTable } from './source.js';

/** What one column really holds, counted over every row. */
export interface ColumnCensus {
  readonly column: string;
  readonly nulls: number;
  readonly integers: number;
  readonly reals: number;
  readonly texts: number;
  readonly blobs: number;
  /** Texts of zero length. */
  readonly emptyTexts: number;
  /** Smallest and largest stored integer as decimal strings, null where there is none. */
  readonly integerMin: string | null;
  readonly integerMax: string | null;
  /** Smallest and largest real as read (integers of a REAL column are reals), null where there is none. */
  readonly realMin: number | null;
  readonly realMax: number | null;
  /** Longest text in characters and bytes of the longest text or blob; 0 where there is none. */
  readonly charsMax: number;
  readonly bytesMax: number;
  /**
   * Whether a text with a NUL or of invalid UTF-8 was seen, neither of which PostgreSQL takes. Texts that go on on overflow
   * pages are looked at by the census command only, and tables that are not read by pages not at all.
   */
  readonly hasBadTexts?: true;
  /** Statistics of the integers in a column of times, where their range leaves the unit open. */
  readonly times?: TimeCounts;
}

/** The integers of a column by the unit since 1970 in which they are times from 1971 to 2100. */
export interface TimeCounts {
  readonly votes: Readonly<Record<'s' | 'ms' | 'us' | 'ns', number>>;
  /** Not among the votes: numbers that are 9999-12-31 in a unit, which means "never". */
  readonly never: Readonly<Record<'s' | 'ms' | 'us', number>>;
  /** Numbers that are a plausible time in no unit; zeros are not counted. */
  readonly unvoted: number;
  /** Numbers, zeros and "never" aside, that are whole days in a unit, plausible or not. */
  readonly wholeDays: Readonly<Record<'s' | 'ms' | 'us' | 'ns', number>>;
  /**
   * Smallest and largest, as decimal strings, without zeros and the days that mean "never". Null where there are no
   * others.
   */
  readonly smallest: string | null;
  readonly largest: string | null;
}

export interface TableCensus {
  readonly table: string;
  readonly rows: number;
  readonly columns: readonly ColumnCensus[];
}

/**
 * What a single value looks like. Each value has one class: the first that fits, in this order. An integer or real that
 * reads as a time from 1971 to 2100 in a unit is of that unit's class; a text is judged whole, without trimming.
 */
export const valueClasses = [
  'null',
  'zero_or_one',
  'int16',
  'epoch_s',
  'int32',
  'epoch_ms',
  'epoch_us',
  'epoch_ns',
  'int64',
  'real_infinite',
  'real_julian',
  'real_whole',
  'real_fraction',
  'text_empty',
  'text_nul',
  'text_invalid_utf8',
  'text_bool',
  'text_integer',
  'text_decimal',
  'text_date',
  'text_time',
  'text_iso',
  'text_iso_offset',
  'text_moment',
  'text_uuid',
  'text_json',
  'text_other',
  'blob_empty',
  'blob_16',
  'blob_other',
] as const;

export type ValueClass = (typeof valueClasses)[number];

/** A value for a person: on one line, short; `key` is empty where the table has none. */
export interface ValueExample {
  readonly key: string;
  readonly value: string;
}

export interface ClassCount {
  readonly class: ValueClass;
  readonly count: number;
  /** Most digits after the point: of decimals, and of the seconds of a time. */
  readonly scaleMax: number;
  /** The first ones in the order of the table. */
  readonly examples: readonly ValueExample[];
}

/** The values of one column by class, counted one by one. */
export interface ColumnValues {
  readonly column: string;
  /** Those that are there, in the order of `valueClasses`. */
  readonly classes: readonly ClassCount[];
  /** Most digits before the point of reals and of texts that are numbers. */
  readonly wholeDigitsMax: number;
}

export interface TableValues {
  readonly table: string;
  readonly columns: readonly ColumnValues[];
}

/** A table of the source with its census and its values sorted into classes. */
export interface CountedTable {
  readonly table: SourceTable;
  readonly census: TableCensus;
  readonly values: TableValues;
}

/** Values of one column that the copy would refuse for one reason. */
export interface RefusedValues {
  /** The error's, `data.not_a_date`. */
  readonly code: Code;
  readonly reason: string;
  readonly hint: string;
  readonly count: number;
  readonly examples: readonly ValueExample[];
  /** The rules that carry every one of them. */
  readonly rules: readonly string[];
  /** The usual patterns of dates and times by which every one of them can be read. Left out where there are none. */
  readonly patterns?: readonly string[];
}

/** A value and what it becomes on the target. */
export interface ConvertedExample {
  readonly value: string;
  readonly becomes: string;
}

/** How the values of a column took its kind, tried before the copy. */
export interface ColumnTrial {
  readonly column: string;
  readonly refused: readonly RefusedValues[];
  /** Of a temporal column, one of each form. */
  readonly converted: readonly ConvertedExample[];
  /** Texts that name no time zone, for moments of a column without a zone of its own: read as UTC. Left out where there are none. */
  readonly naive?: { readonly count: number; readonly example: ConvertedExample };
  /** Texts that name an offset, for a timestamp without time zone: stored as UTC. Left out where there are none. */
  readonly instant?: { readonly count: number; readonly example: ConvertedExample };
  /**
   * Texts that say more than the type keeps, and were read as what they stand for: a time of day after a fixed day, an
   * interval as a moment after 1970. Left out where there are none.
   */
  readonly stoodFor?: { readonly count: number; readonly example: ConvertedExample };
  /** Texts that are shorter than the char(n) they go into, which pads them. Left out where there are none. */
  readonly padded?: { readonly count: number; readonly example: ConvertedExample };
  /** JSON of which an object has a key twice, for jsonb, which keeps the last alone. Left out where there are none. */
  readonly doubled?: { readonly count: number; readonly example: ConvertedExample };
  /** Whether every value was tried. The trial of a column is ended early where it finds nothing but refused values. */
  readonly isWhole: boolean;
}

export interface TableTrial {
  readonly table: string;
  readonly columns: readonly ColumnTrial[];
}

/** What the census command gives: every table counted, and what it does not look at. */
export interface FullCensus {
  readonly tables: readonly CountedTable[];
  readonly leftOut: readonly LeftOut[];
}
