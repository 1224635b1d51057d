/** Units that count evenly from an epoch. See `epochs` in `lib/epochs.ts` for what each counts, and from when. */
export type EpochUnit =
  | 's'
  | 'ms'
  | 'us'
  | 'ns'
  | 'days'
  | 'ticks'
  | 'cocoa'
  | 'webkit'
  | 'hfs'
  | 'filetime'
  | 'cocoa_ns'
  | 'ole';

/** Digits of a calendar: runs of `YYYY` or `YY`, `MM`, `DD`, `HH`, `MI`, `SS`, each at most once, such as `YYYYMMDD`. */
export type CalendarDigits = `${string}YY${string}`;

/** The unit of a number in a temporal column. */
export type TimeUnit = EpochUnit | 'julian' | CalendarDigits;

/** How the values of a temporal column are read. */
export interface TimeReading {
  /** The unit of integers, and of reals unless `realUnit` is set. */
  readonly unit: TimeUnit;
  readonly realUnit?: TimeUnit;
  /** How texts are written that no one form says, such as `DD.MM.YYYY`: see `readTextPattern`. */
  readonly pattern?: string;
  /** The IANA zone in which texts without an offset are local time; UTC where there is none. */
  readonly zone?: string;
  /** The zone whose clocks a timestamp without time zone shows; UTC where there is none. */
  readonly targetZone?: string;
}

/** What the elements of an array or the bounds of a range are, where the server would drop a part of their texts or round it. */
export type HeldElements = HeldDigits | HeldMoney | HeldLength | { readonly of: 'unsigned' };

export interface HeldDigits {
  readonly of: 'date' | 'time' | 'timetz' | 'timestamp' | 'timestamptz' | 'interval' | 'numeric' | 'float4' | 'float8';
  /** Fraction digits that they keep; of float4 and float8 it says nothing. */
  readonly digits: number;
}

export interface HeldMoney {
  readonly of: 'money';
  /** Fraction digits that the server's lc_monetary keeps; null where it reads a point otherwise, and so no decimal at all. */
  readonly digits: number | null;
}

/** Texts of which all beyond so much is cut off: blanks alone in varchar(n) and char(n), anything in name and "char". */
export interface HeldLength {
  readonly of: 'characters' | 'bytes';
  readonly max: number;
}

/** What Postgres' own input function would take in silence, and what it would not take, of a literal's text. */
export type LiteralForm =
  /** A text that is a JSON array is written as `{…}` first. Elements that are neither numbers nor truths are texts in JSON. */
  | { readonly tag: 'array'; readonly elements?: 'numbers' | 'truths'; readonly held?: HeldElements }
  /** A range of days or moments, or a list of such ranges. */
  | { readonly tag: 'range'; readonly held: HeldDigits }
  /** money: fraction digits beyond those that it stores would be rounded, and commas read over wherever they stand. */
  | { readonly tag: 'digits'; readonly digits: number | null }
  /**
   * A time with zone: further fraction digits would be rounded, a day before it lost, and words such as `now` would mean
   * the moment of the copy.
   */
  | { readonly tag: 'clock'; readonly digits: number }
  /**
   * An interval: further fraction digits of its seconds would be rounded. Numbers count in `unit`, and have no meaning
   * where that is null.
   */
  | { readonly tag: 'interval'; readonly digits: number; readonly unit: TimeUnit | null }
  /** "char": all but the first byte would be cut off. */
  | { readonly tag: 'byte' }
  /** oid and its like: a negative number would wrap around. */
  | { readonly tag: 'unsigned' };

/** How the values of one column travel. Decided in the plan; the copy has no opinions. */
export type Kind =
  | { readonly tag: 'bool' }
  | { readonly tag: 'int2' | 'int4' | 'int8' }
  | { readonly tag: 'float4' | 'float8' }
  | { readonly tag: 'numeric'; readonly precision: number | null; readonly scale: number | null }
  /** text, varchar(n), name, citext; maxChars null where unlimited. Only name counts bytes. */
  | { readonly tag: 'text'; readonly maxChars: number | null; readonly maxBytes?: number }
  | { readonly tag: 'char'; readonly chars: number }
  | { readonly tag: 'bytea' | 'jsonb' }
  /** bytes: the order of blobs, where it is not the one in which a uuid is written. */
  | { readonly tag: 'uuid'; readonly bytes?: 'dotnet' }
  /** refusesNul: a policy decides about \u0000, which the type takes and which fails when it is read as text. */
  | { readonly tag: 'json'; readonly refusesNul?: true }
  | { readonly tag: 'enum'; readonly labels: readonly string[] }
  | ({ readonly tag: 'date' } & Partial<TimeReading>)
  /** precision: fraction digits the target keeps, 0 to 6. */
  | { readonly tag: 'time'; readonly precision: number; readonly pattern?: string }
  | ({ readonly tag: 'timestamp' | 'timestamptz'; readonly precision: number } & TimeReading)
  /** Any other type: its text form goes through PostgreSQL's own input function, in text format only. */
  | { readonly tag: 'literal'; readonly form?: LiteralForm };
