import { quoteIdentifier } from '../lib/quote.js';
import type { ColumnPlan } from '../model/plan.js';
import type { Kind, TimeReading, TimeUnit } from '../model/kind.js';
import type { Sides } from '../model/result.js';

/**
 * How one value of a key is written as text by plain SQL, alike on both sides: integers and booleans as decimal digits
 * (1 and 0), texts as they are, blobs and uuids as lower-case hex digits, dates as YYYY-MM-DD, points in time as
 * microseconds since 1970-01-01 UTC, times of day as microseconds since midnight. Sorted bytewise (BINARY in SQLite,
 * COLLATE "C" in PostgreSQL), or by what the field has for it.
 */
export interface KeyField {
  /** SQL expressions over the table's alias t, of type text; NULL for NULL. */
  readonly text: Sides<string>;
  /**
   * Whether every value that the copy took has such a text on the source. Where not, the source's expression is NULL
   * for a value without one, so the values must be checked first.
   */
  readonly isTotal: boolean;
  /** Numbers over t by which the rows may be sorted as well as by their texts, which costs less. */
  readonly number?: Sides<string>;
  /** Whether the source's text is the value as it stands, blobs aside, so that an index of the column has its order. */
  readonly isStored?: true;
  /** Whether the text consists of letters, digits and signs alone, so that no character of it has to be escaped. */
  readonly isPlain: boolean;
}

/** Why values of a kind have no text that two databases write alike. */
export type NoKeyField = { readonly reason: string };

/** The field of a column, or why plain SQL has none. */
export function keyFieldOf(column: ColumnPlan): KeyField | NoKeyField {
  const { kind } = column;
  const source = `t.${quoteIdentifier(column.source)}`;
  const target = `t.${quoteIdentifier(column.target)}`;
  switch (kind.tag) {
    case 'bool':
      return total(boolText(source), `(CASE WHEN ${target} THEN '1' WHEN NOT ${target} THEN '0' END)`);
    case 'int2':
    case 'int4':
    case 'int8':
      return {
        ...integerField(column, source, `${target}::text`),
        number: { source: `CAST(${source} AS INTEGER)`, target },
      };
    case 'text':
    case 'enum':
    case 'json':
      return {
        ...textField(column, source, { text: `CAST(${source} AS TEXT)`, target: `${target}::text` }),
        ...(column.affinity === 'text' ? { isStored: true } : {}),
      };
    case 'char':
      return textField(column, source, {
        text: `rtrim(CAST(${source} AS TEXT), ' ')`,
        target: `rtrim(${target}::text, ' ')`,
      });
    case 'bytea':
      return partial(`CASE WHEN typeof(${source}) = 'blob' THEN lower(hex(${source})) END`, `encode(${target}, 'hex')`);
    case 'uuid':
      return total(uuidText(source, kind.bytes !== undefined), `replace(${target}::text, '-', '')`, false);
    case 'numeric':
      return partial(wholeText(source), `trim_scale(${target})::text`);
    case 'date':
      return partial(dateText(source, kind), `to_char(${target}, 'YYYY-MM-DD')`);
    case 'time':
      return partial(timeText(source, kind.pattern), microText(target));
    case 'timestamp':
    case 'timestamptz':
      if (kind.targetZone !== undefined)
        return { reason: 'SQLite knows no time zones by name, and the target shows the time of one' };
      return partial(momentText(source, kind), endlessOr(target, microText(target)));
    case 'float4':
    case 'float8':
    case 'jsonb':
    case 'literal':
      return { reason: reasons[kind.tag] };
  }
}

const reasons: Readonly<Record<Extract<Kind['tag'], 'float4' | 'float8' | 'jsonb' | 'literal'>, string>> = {
  float4: 'the two databases print floating-point numbers with different digits',
  float8: 'the two databases print floating-point numbers with different digits',
  jsonb: 'jsonb is printed by PostgreSQL in its own form',
  literal: 'its type has a text form of PostgreSQL’s own',
};

function total(source: string, target: string, isPlain = true): KeyField {
  return { text: { source, target }, isTotal: true, isPlain };
}

function partial(source: string, target: string, isPlain = true): KeyField {
  return { text: { source, target }, isTotal: false, isPlain };
}

function boolText(value: string): string {
  const word = `lower(trim(CAST(${value} AS TEXT)))`;
  return `(CASE WHEN ${value} IS NULL THEN NULL WHEN ${word} IN ('1', '1.0', 't', 'true', 'y', 'yes', 'on') THEN '1' ELSE '0' END)`;
}

/** A column of integer or numeric affinity stores no text that is a number, so a cast reads every value correctly. */
function integerField({ affinity }: ColumnPlan, value: string, target: string): Omit<KeyField, 'number'> {
  const isNumber = affinity === 'integer' || affinity === 'numeric' || affinity === 'real';
  if (isNumber) return total(`CAST(CAST(${value} AS INTEGER) AS TEXT)`, target);
  const ofReal = `WHEN typeof(${value}) = 'real' THEN CAST(CAST(${value} AS INTEGER) AS TEXT)`;
  return partial(wholeText(value, ofReal), target);
}

/**
 * A column of text affinity stores no number. Versions of SQLite differ in the digits with which they cast reals to
 * text.
 */
function textField(
  { affinity }: ColumnPlan,
  value: string,
  { text, target }: { readonly text: string; readonly target: string },
): KeyField {
  if (affinity === 'text') return total(text, target, false);
  return partial(`CASE WHEN typeof(${value}) <> 'real' THEN ${text} END`, target, false);
}

/** Integers, and texts that are plain whole numbers. */
function wholeText(value: string, ofReal = ''): string {
  const isWhole = `typeof(${value}) = 'text' AND CAST(CAST(${value} AS INTEGER) AS TEXT) = ${value}`;
  return `CASE WHEN typeof(${value}) = 'integer' THEN CAST(${value} AS TEXT) ${ofReal} WHEN ${isWhole} THEN ${value} END`;
}

function uuidText(value: string, isTurned: boolean): string {
  const bytes = isTurned
    ? `(${[7, 5, 3, 1, 11, 9, 15, 13].map((at) => `substr(hex(${value}), ${at}, 2)`).join(' || ')} || substr(hex(${value}), 17))`
    : `hex(${value})`;
  const bare = ["'urn:uuid:'", "'-'", "'{'", "'}'"].reduce(
    (text, piece) => `replace(${text}, ${piece}, '')`,
    `lower(${value})`,
  );
  return `(CASE typeof(${value}) WHEN 'blob' THEN CASE length(${value}) WHEN 16 THEN lower(${bytes}) ELSE lower(replace(CAST(${value} AS TEXT), '-', '')) END ELSE ${bare} END)`;
}

const dayPattern = '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]';
const clockPattern = '[0-9][0-9]:[0-9][0-9]:[0-9][0-9]';

/** Covers only milliseconds, and texts that are nothing but a date: other ways to store dates are rare. */
function dateText(value: string, { unit = 'ms', zone, pattern }: Partial<TimeReading>): string {
  const isNumber = `typeof(${value}) = 'integer' AND ${value} % 86400000 = 0`;
  const ofNumber =
    unit === 'ms' && zone === undefined ? ` WHEN ${isNumber} THEN date(${value} / 1000, 'unixepoch')` : '';
  const shape = zone === undefined ? `${dayPattern}*` : dayPattern;
  return `CASE${ofNumber} WHEN typeof(${value}) = 'text' AND ${value} GLOB '${shape}'${unless(pattern !== undefined)} THEN date(${value}) END`;
}

/** `HH:MM:SS`, with a fraction or without. */
function timeText(value: string, pattern: string | undefined): string {
  const part = (from: number) => `CAST(substr(${value}, ${from}, 2) AS INTEGER)`;
  const seconds = `${part(1)} * 3600 + ${part(4)} * 60 + ${part(7)}`;
  const micros = `CAST(substr(substr(${value}, 10) || '000000', 1, 6) AS INTEGER)`;
  const isTime = `${value} GLOB '${clockPattern}' OR ${value} GLOB '${clockPattern}.[0-9]*' AND substr(${value}, 10) NOT GLOB '*[^0-9]*'`;
  return `CASE WHEN (${isTime})${unless(pattern !== undefined)} THEN CAST((${seconds}) * 1000000 + ${micros} AS TEXT) END`;
}

/** Factor of the units whose integers SQL turns into microseconds since 1970; others have no form. */
const microsPer: Readonly<Partial<Record<TimeUnit, string>>> = {
  s: '* 1000000',
  ms: '* 1000',
  us: '* 1',
  ns: '/ 1000',
};

/** Numbers by their unit, ISO texts by SQLite's own calendar; the fraction is taken apart since SQLite would round it. */
function momentText(value: string, { unit, zone, pattern }: TimeReading): string {
  const factor = microsPer[unit];
  const isWhole = unit === 'ns' ? ` AND ${value} % 1000 = 0` : '';
  const ofInteger =
    factor === undefined ? '' : ` WHEN typeof(${value}) = 'integer'${isWhole} THEN CAST(${value} ${factor} AS TEXT)`;
  const dot = `instr(${value}, '.')`;
  const rest = `substr(${value}, ${dot} + 1)`;
  const offset = `ltrim(${rest}, '0123456789')`;
  const whole = `CASE ${dot} WHEN 0 THEN ${value} ELSE substr(${value}, 1, ${dot} - 1) || ${offset} END`;
  const digits = `substr(${rest}, 1, length(${rest}) - length(${offset}))`;
  const micros = `CASE ${dot} WHEN 0 THEN 0 ELSE CAST(substr(${digits} || '000000', 1, 6) AS INTEGER) END`;
  const ofText = `CAST(CAST(strftime('%s', ${whole}) AS INTEGER) * 1000000 + ${micros} AS TEXT)`;
  // SQLite knows no zones by name, and no patterns: texts of these have no form.
  const isText = `typeof(${value}) = 'text' AND ${value} GLOB '${dayPattern}*'${unless(zone !== undefined || pattern !== undefined)}`;
  const isEndless = `lower(${value}) IN ('infinity', '-infinity')`;
  return `CASE${ofInteger} WHEN ${isText} THEN ${ofText} WHEN ${isEndless} THEN lower(${value}) END`;
}

function unless(hasNoForm: boolean): string {
  return hasNoForm ? ' AND 0' : '';
}

function microText(value: string): string {
  return `(extract(epoch FROM ${value}) * 1000000)::bigint::text`;
}

function endlessOr(value: string, text: string): string {
  return `(CASE WHEN isfinite(${value}) THEN ${text} ELSE ${value}::text END)`;
}
