import fc from 'fast-check';
import type { ColumnRules } from '../../src/model/rules.js';
import { speakingTexts } from './any-value.js';

/*
 * What PostgreSQL itself makes of a value, as SQL over texts that SQLite or JavaScript print:
 *   s  the storage class          x  the value: digits of a number, a text, the hex digits of a blob
 *   y  SQLite's CAST to TEXT      i  the integer a whole real is equal to, by SQLite; else NULL
 *   j  a number as a Julian day, by SQLite's strftime
 * no() refuses. NULL: it cannot judge. The reading is of `base`, so that what `type` cuts off can be seen.
 */
export interface Target {
  readonly type: string;
  readonly base: string;
  readonly oracle: string;
  readonly speaking: fc.Arbitrary<string>;
  /** Texts that have to be taken where PostgreSQL takes them and cuts nothing off. */
  readonly promised: RegExp;
  readonly rules?: ColumnRules;
}

const { boolean, number, date, time, zonedTime, moment, uuid, json, label, interval, network, array } = speakingTexts;
const words = fc.string({ unit: 'grapheme', maxLength: 12 });

const noBlob = (sql: string) => `CASE WHEN s = 'blob' THEN no() ELSE ${sql} END`;
const textOnly = (sql: string) => `CASE WHEN s = 'text' THEN ${sql} ELSE no() END`;
const isNumber = "s IN ('integer', 'real')";
const digits = /^-?\d+$/;
const decimals = /^-?\d+(\.\d+)?$/;
const day = String.raw`\d{4}-\d\d-\d\d`;
const clock = (fraction: number) => String.raw`\d\d:\d\d(:\d\d(\.\d{1,${fraction}})?)?`;
const stamp = new RegExp(String.raw`^${day}([T ]${clock(6)}(Z|[+-]\d\d(:?\d\d)?)?)?$`);
const anything = /^.*$/s;

const whole = noBlob(`CASE s WHEN 'real' THEN coalesce(i, no()) ELSE x END`);
const ofMs = `CASE WHEN abs(x::float8) < 9e12 THEN ('epoch'::timestamp + interval '1 millisecond' * x::float8)::text END`;
const utc = `(x::timestamptz AT TIME ZONE 'UTC')::text`;
/** PostgreSQL writes neither a year 0 nor a sign, but BC. */
const stamped = (numbers: string, texts = utc) =>
  noBlob(`CASE WHEN ${isNumber} THEN ${numbers} WHEN x ~ '^([+-]\\d|0000)' THEN NULL ELSE ${texts} END`);
/** Whether a double has all digits of a text of more than 15, the corpus says. */
const double = noBlob(`CASE WHEN s = 'integer' AND x::float8::int8 <> x::int8 THEN no()
  WHEN s = 'text' AND length(regexp_replace(split_part(lower(x), 'e', 1), '[^0-9]', '', 'g')) > 15 THEN NULL ELSE x END`);
const listed = noBlob(
  `CASE WHEN s = 'text' AND x ~ '^\\s*\\[' AND pg_input_is_valid(x, 'json') THEN as_array(x::json, true) ELSE y END`,
);

/** A JSON array in PostgreSQL's form. What PostgreSQL would not keep, an empty array in another, is refused. */
export const asArraySql = `
  CREATE FUNCTION as_array(list json, is_outer boolean) RETURNS text LANGUAGE plpgsql AS $$
  DECLARE one json; text text := ''; count int := 0;
  BEGIN
    FOR one IN SELECT * FROM json_array_elements(list) LOOP
      count := count + 1;
      text := text || CASE WHEN count > 1 THEN ',' ELSE '' END || CASE json_typeof(one)
        WHEN 'array' THEN as_array(one, false)
        WHEN 'object' THEN no()
        WHEN 'null' THEN 'NULL'
        WHEN 'string' THEN '"' || replace(replace(one #>> '{}', E'\\\\', E'\\\\\\\\'), '"', E'\\\\"') || '"'
        ELSE one::text END;
    END LOOP;
    IF count = 0 AND NOT is_outer THEN RETURN no(); END IF;
    RETURN '{' || text || '}';
  END $$`;

export const targets: readonly Target[] = [
  {
    type: 'boolean',
    base: 'boolean',
    oracle: noBlob(
      `CASE WHEN ${isNumber} THEN CASE x::numeric WHEN 1 THEN 't' WHEN 0 THEN 'f' ELSE no() END ELSE x END`,
    ),
    speaking: boolean,
    promised: /^(0|1|t|f|true|false|y|n|yes|no|on|off)$/i,
  },
  { type: 'smallint', base: 'bigint', oracle: whole, speaking: number, promised: digits },
  { type: 'integer', base: 'bigint', oracle: whole, speaking: number, promised: digits },
  { type: 'bigint', base: 'bigint', oracle: whole, speaking: number, promised: digits },
  { type: 'double precision', base: 'double precision', oracle: double, speaking: number, promised: decimals },
  { type: 'real', base: 'double precision', oracle: double, speaking: number, promised: /^-?\d{1,7}$/ },
  { type: 'numeric', base: 'numeric', oracle: noBlob('x'), speaking: number, promised: decimals },
  { type: 'numeric(12,4)', base: 'numeric', oracle: noBlob('x'), speaking: number, promised: decimals },
  { type: 'text', base: 'text', oracle: noBlob('y'), speaking: words, promised: anything },
  { type: 'varchar(8)', base: 'text', oracle: noBlob('y'), speaking: words, promised: anything },
  { type: 'char(8)', base: 'bpchar', oracle: noBlob('y'), speaking: words, promised: /^(.*[^ ])?$/s },
  { type: 'name', base: 'text', oracle: noBlob('y'), speaking: words, promised: anything },
  { type: 'short', base: 'text', oracle: noBlob('y'), speaking: words, promised: anything },
  {
    type: 'bytea',
    base: 'bytea',
    oracle: `CASE s WHEN 'blob' THEN '\\x' || x ELSE no() END`,
    speaking: words,
    promised: /^(?!)/,
  },
  {
    type: 'uuid',
    base: 'uuid',
    oracle: `CASE WHEN s = 'text' OR (s = 'blob' AND length(x) = 32) THEN x ELSE no() END`,
    speaking: uuid,
    promised: /^\{?[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}\}?$/i,
  },
  { type: 'json', base: 'json', oracle: noBlob('y'), speaking: json, promised: anything },
  { type: 'jsonb', base: 'jsonb', oracle: noBlob('y'), speaking: json, promised: anything },
  { type: 'mood', base: 'mood', oracle: textOnly('x'), speaking: label, promised: anything },
  {
    type: 'date',
    base: 'timestamp',
    oracle: stamped(ofMs),
    speaking: date,
    promised: new RegExp(String.raw`^(${day}(T00:00:00(\.0+)?Z?)?|-?infinity)$`),
    rules: { unit: 'ms' },
  },
  { type: 'time', base: 'time', oracle: textOnly('x'), speaking: time, promised: new RegExp(`^${clock(6)}$`) },
  { type: 'time(0)', base: 'time', oracle: textOnly('x'), speaking: time, promised: new RegExp(`^${clock(6)}$`) },
  {
    type: 'timetz(3)',
    base: 'timetz',
    oracle: noBlob('y'),
    speaking: zonedTime,
    promised: new RegExp(`^${clock(3)}(Z|[+-]\\d\\d(:?\\d\\d)?)?$`),
  },
  {
    type: 'timestamp',
    base: 'timestamp',
    oracle: stamped(ofMs),
    speaking: moment,
    promised: stamp,
    rules: { unit: 'ms' },
  },
  {
    type: 'timestamp(0)',
    base: 'timestamp',
    oracle: stamped(ofMs),
    speaking: moment,
    promised: stamp,
    rules: { unit: 'ms' },
  },
  {
    type: 'timestamptz(3)',
    base: 'timestamptz',
    oracle: stamped(`(${ofMs}) || '+00'`, 'x'),
    speaking: moment,
    promised: stamp,
    rules: { unit: 'ms' },
  },
  {
    type: 'timestamp(3)',
    base: 'timestamp',
    oracle: stamped(`CASE WHEN j !~ '^(-|0000)' THEN j END`),
    speaking: moment,
    promised: stamp,
    rules: { unit: 'julian' },
  },
  {
    type: 'timestamp',
    base: 'timestamp',
    oracle: stamped(
      ofMs,
      `CASE WHEN x ~* ':\\d\\d.*(Z|UTC|GMT|[+-]\\d\\d(:?\\d\\d)?)$' THEN ${utc}
      ELSE ((x::timestamp AT TIME ZONE 'America/New_York') AT TIME ZONE 'UTC')::text END`,
    ),
    speaking: moment,
    promised: new RegExp(String.raw`^20\d\d-0[16]-\d\d[T ]${clock(6)}$`),
    rules: { unit: 'ms', zone: 'America/New_York' },
  },
  { type: 'interval', base: 'interval', oracle: textOnly('x'), speaking: interval, promised: /^-?\d+ (days|hours)$/ },
  {
    type: 'interval(3)',
    base: 'interval',
    oracle: noBlob(`CASE s WHEN 'text' THEN x ELSE x || ' milliseconds' END`),
    speaking: interval,
    promised: /^-?\d+ (days|hours)$/,
    rules: { unit: 'ms' },
  },
  { type: 'inet', base: 'inet', oracle: noBlob('y'), speaking: network, promised: anything },
  { type: 'cidr', base: 'cidr', oracle: noBlob('y'), speaking: network, promised: anything },
  { type: 'macaddr', base: 'macaddr', oracle: noBlob('y'), speaking: network, promised: anything },
  { type: 'integer[]', base: 'integer[]', oracle: listed, speaking: array, promised: /^[[{]/ },
  { type: 'text[]', base: 'text[]', oracle: listed, speaking: array, promised: /^[[{]/ },
  { type: 'money', base: 'numeric', oracle: noBlob('y'), speaking: number, promised: /^-?\d{1,9}(\.\d\d?)?$/ },
  { type: '"char"', base: 'text', oracle: noBlob('y'), speaking: words, promised: /^[ -~]$/ },
  {
    type: 'oid',
    base: 'bigint',
    oracle: noBlob(`CASE WHEN y ~ '^\\s*-' THEN no() ELSE y::oid::text END`),
    speaking: number,
    promised: digits,
  },
  {
    type: 'bit varying(8)',
    base: 'bit varying',
    oracle: noBlob('y'),
    speaking: fc.stringMatching(/^[01]{0,9}$/),
    promised: anything,
  },
  {
    type: 'int4range',
    base: 'int4range',
    oracle: noBlob('y'),
    speaking: fc.constantFrom('[1,5)', 'empty', '(,7]', '[5,1]'),
    promised: anything,
  },
];
