import type { ColumnRules } from '../../src/model/rules.js';

/*
 * Every hazard of values between SQLite and PostgreSQL that is known from other tools' troubles, as data: a cell of the
 * source in SQL, the type it goes into, and the cell that arrives as PostgreSQL prints it, or the hazard by which it is
 * refused.
 */

interface Case {
  /** The hazard, in words. */
  readonly of: string;
  /** Declared type of the source column. */
  readonly declared: string;
  /** The cell in SQL. */
  readonly value: string;
  /** Type of the target column. */
  readonly type: string;
  readonly rules?: ColumnRules;
}

export interface Arrival extends Case {
  /** As text; null for NULL. */
  readonly arrives: string | null;
}

export interface Refusal extends Case {
  /** The policy that decides over it, and the code of the error without `data.`. */
  readonly hazard: string;
  /** Whether only the copy sees it: the census does not look into texts that need no reading. */
  readonly isSeenLate?: boolean;
}

const inMs = { unit: 'ms' } as const;

export const arrivals: readonly Arrival[] = [
  // DateTime as integer epoch milliseconds, read as a year by others.
  {
    of: 'epoch ms',
    declared: 'DATETIME',
    value: '1709251199123',
    type: 'timestamp(3)',
    arrives: '2024-02-29 23:59:59.123',
  },
  {
    of: 'epoch ms before 1970',
    declared: 'DATETIME',
    value: '-1',
    type: 'timestamp(3)',
    rules: inMs,
    arrives: '1969-12-31 23:59:59.999',
  },
  { of: 'epoch s', declared: 'INTEGER', value: '1709251199', type: 'timestamptz', arrives: '2024-02-29 23:59:59+00' },
  {
    of: 'epoch µs',
    declared: 'INTEGER',
    value: '1709251199123456',
    type: 'timestamp',
    arrives: '2024-02-29 23:59:59.123456',
  },
  {
    of: 'epoch ns',
    declared: 'INTEGER',
    value: '1709251199123456000',
    type: 'timestamp',
    arrives: '2024-02-29 23:59:59.123456',
  },
  {
    of: 'epoch s with fraction',
    declared: 'REAL',
    value: '1709251199.125',
    type: 'timestamp(3)',
    arrives: '2024-02-29 23:59:59.125',
  },
  {
    of: 'epoch ms as whole reals',
    declared: 'REAL',
    value: '1709251199123.0',
    type: 'timestamp(3)',
    arrives: '2024-02-29 23:59:59.123',
  },
  { of: 'Julian day', declared: 'REAL', value: '2460370.5', type: 'timestamp', arrives: '2024-03-01 00:00:00' },
  {
    of: 'unit named in the config',
    declared: 'INTEGER',
    value: '86400',
    type: 'timestamp',
    rules: { unit: 's' },
    arrives: '1970-01-02 00:00:00',
  },
  { of: 'midnight in ms for a date', declared: 'DATE', value: '1709164800000', type: 'date', arrives: '2024-02-29' },
  { of: 'midnight as a Julian day', declared: 'REAL', value: '2460369.5', type: 'date', arrives: '2024-02-29' },
  // Several encodings in one column.
  {
    of: 'ISO with offset',
    declared: 'DATETIME',
    value: "'2024-02-29T23:59:59.123+00:00'",
    type: 'timestamp(3)',
    arrives: '2024-02-29 23:59:59.123',
  },
  {
    of: 'ISO with another offset',
    declared: 'DATETIME',
    value: "'2024-03-01T05:29:59+05:30'",
    type: 'timestamp(3)',
    arrives: '2024-02-29 23:59:59',
  },
  {
    of: 'CURRENT_TIMESTAMP',
    declared: 'DATETIME',
    value: "'2024-02-29 23:59:59'",
    type: 'timestamptz(3)',
    arrives: '2024-02-29 23:59:59+00',
  },
  {
    of: 'date only',
    declared: 'DATETIME',
    value: "'2024-02-29'",
    type: 'timestamp(3)',
    arrives: '2024-02-29 00:00:00',
  },
  {
    of: 'nine fraction digits, the last three 0',
    declared: 'DATETIME',
    value: "'2024-02-29T23:59:59.123456000Z'",
    type: 'timestamp',
    arrives: '2024-02-29 23:59:59.123456',
  },
  // Timestamps without zone.
  {
    of: 'local time of a zone, in winter',
    declared: 'DATETIME',
    value: "'2024-01-15 12:00:00'",
    type: 'timestamptz',
    rules: { zone: 'Europe/Athens' },
    arrives: '2024-01-15 10:00:00+00',
  },
  {
    of: 'local time of a zone, in summer',
    declared: 'DATETIME',
    value: "'2024-07-15 12:00:00'",
    type: 'timestamptz',
    rules: { zone: 'Europe/Athens' },
    arrives: '2024-07-15 09:00:00+00',
  },
  {
    of: 'an offset beats the zone',
    declared: 'DATETIME',
    value: "'2024-07-15T12:00:00Z'",
    type: 'timestamptz',
    rules: { zone: 'Europe/Athens' },
    arrives: '2024-07-15 12:00:00+00',
  },
  {
    of: 'a moment as the time of the target’s zone',
    declared: 'DATETIME',
    value: '1719828000000',
    type: 'timestamp',
    rules: { targetZone: 'Europe/Berlin' },
    arrives: '2024-07-01 12:00:00',
  },
  {
    of: 'a text with an offset as the time of the target’s zone',
    declared: 'DATETIME',
    value: "'2024-01-01T00:00:00.25-01:00'",
    type: 'timestamp',
    rules: { targetZone: 'Europe/Berlin' },
    arrives: '2024-01-01 02:00:00.25',
  },
  {
    of: 'a text of UTC as the time of the target’s zone',
    declared: 'DATETIME',
    value: "'2024-07-01 10:00:00'",
    type: 'timestamp',
    rules: { targetZone: 'Europe/Berlin' },
    arrives: '2024-07-01 12:00:00',
  },
  {
    of: 'a local time of the target’s own zone',
    declared: 'DATETIME',
    value: "'2024-10-27 02:30:00'",
    type: 'timestamp',
    rules: { zone: 'Europe/Berlin', targetZone: 'Europe/Berlin' },
    arrives: '2024-10-27 02:30:00',
  },
  {
    of: 'calendar digits of one zone as the time of another',
    declared: 'DATETIME',
    value: '20240701060000',
    type: 'timestamp',
    rules: { unit: 'YYYYMMDDHHMMSS', zone: 'America/New_York', targetZone: '+05:30' },
    arrives: '2024-07-01 15:30:00',
  },
  {
    of: 'the first showing of an hour that the clocks of the target’s zone show twice',
    declared: 'DATETIME',
    value: '1729989000000',
    type: 'timestamp',
    rules: { targetZone: 'Europe/Berlin' },
    arrives: '2024-10-27 02:30:00',
  },
  {
    of: 'a blob as .NET writes a GUID',
    declared: 'BLOB',
    value: "x'5bad8f0fcbd99f46a16570867728950e'",
    type: 'uuid',
    rules: { uuidBytes: 'dotnet' },
    arrives: '0f8fad5b-d9cb-469f-a165-70867728950e',
  },
  {
    of: 'a fixed offset as zone',
    declared: 'DATETIME',
    value: "'2024-07-15 12:00:00'",
    type: 'timestamp',
    rules: { zone: '-03:30' },
    arrives: '2024-07-15 15:30:00',
  },
  // The edges of the calendar.
  {
    of: 'year 0',
    declared: 'DATETIME',
    value: "'0000-02-29 00:00:00'",
    type: 'timestamp',
    arrives: '0001-02-29 00:00:00 BC',
  },
  {
    of: 'year 10000',
    declared: 'DATETIME',
    value: "'+010000-01-01T00:00:00Z'",
    type: 'timestamp',
    arrives: '10000-01-01 00:00:00',
  },
  {
    of: '24:00:00',
    declared: 'DATETIME',
    value: "'2024-02-28 24:00:00'",
    type: 'timestamp',
    arrives: '2024-02-29 00:00:00',
  },
  { of: '24:00:00 of a time', declared: 'TIME', value: "'24:00:00'", type: 'time', arrives: '24:00:00' },
  {
    of: 'leap second',
    declared: 'DATETIME',
    value: "'2016-12-31T23:59:60Z'",
    type: 'timestamp',
    arrives: '2017-01-01 00:00:00',
  },
  { of: 'infinity', declared: 'DATETIME', value: "'infinity'", type: 'timestamp', arrives: 'infinity' },
  { of: 'time with zone', declared: 'TEXT', value: "'12:30:00.125+02'", type: 'timetz(3)', arrives: '12:30:00.125+02' },
  { of: 'interval', declared: 'TEXT', value: "'1 day 02:03:04.5'", type: 'interval', arrives: '1 day 02:03:04.5' },
  {
    of: 'interval as a number of seconds',
    declared: 'INTEGER',
    value: '90',
    type: 'interval',
    rules: { unit: 's' },
    arrives: '00:01:30',
  },
  // Booleans.
  ...(['1', "'1'", "'t'", "'true'", "'yes'", "'ON'", '1.0'] as const).map((value) => ({
    of: 'true',
    declared: '',
    value,
    type: 'boolean',
    arrives: 'true',
  })),
  ...(['0', "'0'", "'f'", "'FALSE'", "'no'", '-0.0'] as const).map((value) => ({
    of: 'false',
    declared: '',
    value,
    type: 'boolean',
    arrives: 'false',
  })),
  // Storage classes against declared types.
  { of: 'number in TEXT', declared: 'TEXT', value: '12.50', type: 'text', arrives: '12.5' },
  { of: 'number in a column without type', declared: '', value: '1e3', type: 'text', arrives: '1000.0' },
  { of: 'text digits for an integer', declared: '', value: "'42'", type: 'integer', arrives: '42' },
  { of: 'text digits for a float', declared: '', value: "'2.50'", type: 'double precision', arrives: '2.5' },
  // Integers.
  { of: 'above 2^53', declared: 'INTEGER', value: '9007199254740993', type: 'bigint', arrives: '9007199254740993' },
  {
    of: 'least integer',
    declared: 'INTEGER',
    value: '-9223372036854775808',
    type: 'bigint',
    arrives: '-9223372036854775808',
  },
  {
    of: 'greatest integer as numeric',
    declared: 'INTEGER',
    value: '9223372036854775807',
    type: 'numeric',
    arrives: '9223372036854775807',
  },
  { of: 'smallint', declared: 'INTEGER', value: '-32768', type: 'smallint', arrives: '-32768' },
  // Reals.
  { of: 'bit for bit', declared: 'REAL', value: '0.1', type: 'double precision', arrives: '0.1' },
  { of: 'smallest', declared: 'REAL', value: '5e-324', type: 'double precision', arrives: '5e-324' },
  { of: 'infinity', declared: 'REAL', value: '9e999', type: 'double precision', arrives: 'Infinity' },
  { of: 'minus infinity as numeric', declared: 'REAL', value: '-9e999', type: 'numeric', arrives: '-Infinity' },
  { of: 'minus zero', declared: '', value: '-0.0', type: 'double precision', arrives: '-0' },
  { of: 'a real that a float4 holds', declared: 'REAL', value: '0.5', type: 'real', arrives: '0.5' },
  { of: 'real kept as an integer on disk', declared: 'REAL', value: '3', type: 'double precision', arrives: '3' },
  { of: '1.0 in an INTEGER column', declared: 'INTEGER', value: '1.0', type: 'integer', arrives: '1' },
  // Decimals.
  { of: 'decimal text', declared: 'TEXT', value: "'12.3400'", type: 'numeric', arrives: '12.3400' },
  { of: 'decimal text into (p,s)', declared: 'TEXT', value: "'12.3400'", type: 'numeric(6,2)', arrives: '12.34' },
  { of: 'real as the fewest digits', declared: 'DECIMAL(10,2)', value: '0.1', type: 'numeric', arrives: '0.1' },
  { of: 'integer into (p,s)', declared: 'DECIMAL(10,2)', value: '7', type: 'numeric(10,2)', arrives: '7.00' },
  {
    of: 'forty digits',
    declared: 'TEXT',
    value: "'1234567890123456789012345678901234567890.5'",
    type: 'numeric',
    arrives: '1234567890123456789012345678901234567890.5',
  },
  // JSON.
  { of: 'JSON text', declared: 'TEXT', value: `'{"b":1, "a":[]}'`, type: 'json', arrives: '{"b":1, "a":[]}' },
  {
    of: 'JSON text as jsonb',
    declared: 'TEXT',
    value: `'{"b":1e2, "a":[]}'`,
    type: 'jsonb',
    arrives: '{"a": [], "b": 100}',
  },
  { of: 'U+0000 escaped, into json', declared: 'TEXT', value: `'"\\u0000"'`, type: 'json', arrives: '"\\u0000"' },
  { of: 'a number as JSON', declared: '', value: '12', type: 'jsonb', arrives: '12' },
  // Blobs.
  { of: 'every byte', declared: 'BLOB', value: "x'00ff5c0a09'", type: 'bytea', arrives: '\\x00ff5c0a09' },
  { of: 'empty blob', declared: 'BLOB', value: "x''", type: 'bytea', arrives: '\\x' },
  { of: 'zeroblob', declared: 'BLOB', value: 'zeroblob(3)', type: 'bytea', arrives: '\\x000000' },
  { of: 'NULL blob', declared: 'BLOB', value: 'NULL', type: 'bytea', arrives: null },
  // NULL, empty and what looks like either.
  { of: 'empty text', declared: 'TEXT', value: "''", type: 'text', arrives: '' },
  { of: 'NULL', declared: 'TEXT', value: 'NULL', type: 'text', arrives: null },
  { of: 'NULL beside an array, in text format', declared: 'TEXT', value: 'NULL', type: 'text[]', arrives: null },
  { of: 'backslash N', declared: 'TEXT', value: "'\\N'", type: 'text', arrives: '\\N' },
  { of: 'backslash N in text format', declared: 'TEXT', value: `'["\\\\N"]'`, type: 'text[]', arrives: '{"\\\\N"}' },
  { of: 'end of data', declared: 'TEXT', value: "'\\.'", type: 'text', arrives: '\\.' },
  // Everything that is target-driven.
  {
    of: 'uuid as text',
    declared: 'TEXT',
    value: "'8C6E3A40-0B3E-4E8A-9F0E-0123456789AB'",
    type: 'uuid',
    arrives: '8c6e3a40-0b3e-4e8a-9f0e-0123456789ab',
  },
  {
    of: 'uuid as 16 bytes',
    declared: 'BLOB',
    value: "x'8c6e3a400b3e4e8a9f0e0123456789ab'",
    type: 'uuid',
    arrives: '8c6e3a40-0b3e-4e8a-9f0e-0123456789ab',
  },
  { of: 'enum label', declared: 'TEXT', value: "'sad'", type: 'mood', arrives: 'sad' },
  { of: 'char(n) is padded', declared: 'TEXT', value: "'ab'", type: 'char(4)', arrives: 'ab' },
  { of: 'characters, not bytes', declared: 'TEXT', value: "'ωωω'", type: 'varchar(3)', arrives: 'ωωω' },
  { of: 'domain', declared: 'TEXT', value: "'ab'", type: 'short', arrives: 'ab' },
  { of: 'citext', declared: 'TEXT', value: "'Ab'", type: 'citext', arrives: 'Ab' },
  { of: 'name', declared: 'TEXT', value: "'Ab'", type: 'name', arrives: 'Ab' },
  { of: 'array as JSON', declared: 'TEXT', value: "'[1,null,3]'", type: 'integer[]', arrives: '{1,NULL,3}' },
  { of: 'array as {…}', declared: 'TEXT', value: "'{1,2}'", type: 'integer[]', arrives: '{1,2}' },
  { of: 'array with bounds', declared: 'TEXT', value: "'[0:1]={1,2}'", type: 'integer[]', arrives: '[0:1]={1,2}' },
  {
    of: 'array of texts as JSON',
    declared: 'TEXT',
    value: `'["a\\"b","","NULL",null]'`,
    type: 'text[]',
    arrives: '{"a\\"b","","NULL",NULL}',
  },
  { of: 'array in an array', declared: 'TEXT', value: "'[[1,2],[3,4]]'", type: 'integer[]', arrives: '{{1,2},{3,4}}' },
  { of: 'inet', declared: 'TEXT', value: "'10.0.0.1/8'", type: 'inet', arrives: '10.0.0.1/8' },
  { of: 'cidr', declared: 'TEXT', value: "'10.0.0.0/8'", type: 'cidr', arrives: '10.0.0.0/8' },
  { of: 'macaddr', declared: 'TEXT', value: "'08:00:2b:01:02:03'", type: 'macaddr', arrives: '08:00:2b:01:02:03' },
  { of: 'a type nobody has thought of', declared: 'TEXT', value: "'(1,2)'", type: 'point', arrives: '(1,2)' },
  { of: 'a range', declared: 'TEXT', value: "'[1,5]'", type: 'int4range', arrives: '[1,6)' },
  {
    of: 'tsvector by its own text form',
    declared: 'TEXT',
    value: "'cat:2 dog'",
    type: 'tsvector',
    arrives: "'cat':2 'dog'",
  },
  { of: 'xml', declared: 'TEXT', value: "'<a/>'", type: 'xml', arrives: '<a/>' },
];

export const refusals: readonly Refusal[] = [
  // Time.
  { of: 'unparsable', declared: 'DATETIME', value: "'yesterday'", type: 'timestamp(3)', hazard: 'not_a_timestamp' },
  {
    of: '30 February',
    declared: 'DATETIME',
    value: "'2024-02-30 00:00:00'",
    type: 'timestamp',
    hazard: 'not_a_timestamp',
  },
  { of: 'empty for a time', declared: 'DATETIME', value: "''", type: 'timestamp', hazard: 'not_a_timestamp' },
  {
    of: 'milliseconds into timestamp(0)',
    declared: 'DATETIME',
    value: '1709251199123',
    type: 'timestamp(0)',
    hazard: 'precision_loss',
  },
  {
    of: 'microseconds into timestamp(3)',
    declared: 'DATETIME',
    value: "'2024-02-29T23:59:59.123456Z'",
    type: 'timestamp(3)',
    hazard: 'precision_loss',
  },
  {
    of: 'nanoseconds into timestamp',
    declared: 'DATETIME',
    value: "'2024-02-29T23:59:59.123456789Z'",
    type: 'timestamp',
    hazard: 'precision_loss',
  },
  {
    of: 'Julian day that SQLite cannot have made',
    declared: 'REAL',
    value: '2460370.500000001',
    type: 'timestamp',
    hazard: 'precision_loss',
  },
  {
    of: 'beyond the years of PostgreSQL',
    declared: 'INTEGER',
    value: '9e15',
    type: 'timestamp',
    rules: { unit: 's' },
    hazard: 'out_of_range',
  },
  { of: 'time of day in a date', declared: 'DATE', value: "'2024-02-29 12:00:00'", type: 'date', hazard: 'not_a_date' },
  {
    of: 'milliseconds within a day in a date',
    declared: 'DATE',
    value: '1709251199123',
    type: 'date',
    hazard: 'not_a_date',
  },
  { of: 'date in a time', declared: 'TIME', value: "'2024-02-29'", type: 'time', hazard: 'not_a_time' },
  {
    of: 'a local time that the clocks skip',
    declared: 'DATETIME',
    value: "'2024-03-31 03:30:00'",
    type: 'timestamptz',
    rules: { zone: 'Europe/Athens' },
    hazard: 'no_such_time',
  },
  {
    of: 'a local time that the clocks show twice',
    declared: 'DATETIME',
    value: "'2024-10-27 03:30:00'",
    type: 'timestamptz',
    rules: { zone: 'Europe/Athens' },
    hazard: 'ambiguous_time',
  },
  {
    of: 'the second showing of an hour that the clocks of the target’s zone show twice',
    declared: 'DATETIME',
    value: '1729992600000',
    type: 'timestamp',
    rules: { targetZone: 'Europe/Berlin' },
    hazard: 'ambiguous_time',
  },
  { of: 'now, in a time with zone', declared: 'TEXT', value: "'now'", type: 'timetz', hazard: 'not_a_time' },
  {
    of: 'fraction beyond timetz(p)',
    declared: 'TEXT',
    value: "'12:00:00.1234+00'",
    type: 'timetz(3)',
    hazard: 'precision_loss',
  },
  {
    of: 'fraction beyond interval(p)',
    declared: 'TEXT',
    value: "'00:00:01.25'",
    type: 'interval(0)',
    hazard: 'precision_loss',
  },
  // Booleans and numbers.
  { of: '2 as a boolean', declared: 'BOOLEAN', value: '2', type: 'boolean', hazard: 'not_a_bool' },
  { of: 'a word that is no boolean', declared: 'BOOLEAN', value: "'maybe'", type: 'boolean', hazard: 'not_a_bool' },
  { of: 'text in an integer', declared: 'INTEGER', value: "'many'", type: 'integer', hazard: 'not_an_integer' },
  { of: 'empty in an integer', declared: 'INTEGER', value: "''", type: 'integer', hazard: 'not_an_integer' },
  { of: 'fraction in an integer', declared: 'INTEGER', value: '1.5', type: 'integer', hazard: 'not_an_integer' },
  { of: 'out of int2', declared: 'INTEGER', value: '32768', type: 'smallint', hazard: 'out_of_range' },
  { of: 'out of int4', declared: 'INTEGER', value: '2147483648', type: 'integer', hazard: 'out_of_range' },
  { of: 'empty in a number', declared: 'NUMERIC', value: "''", type: 'numeric', hazard: 'not_a_number' },
  { of: 'float8 into float4', declared: 'REAL', value: '0.123456789', type: 'real', hazard: 'inexact' },
  {
    of: 'above 2^53 into float8',
    declared: 'INTEGER',
    value: '9007199254740993',
    type: 'double precision',
    hazard: 'inexact',
  },
  { of: 'scale beyond (p,s)', declared: 'DECIMAL(6,2)', value: '12.345', type: 'numeric(6,2)', hazard: 'inexact' },
  {
    of: 'digits beyond (p,s)',
    declared: 'DECIMAL(6,2)',
    value: '12345',
    type: 'numeric(6,2)',
    hazard: 'numeric_overflow',
  },
  { of: 'scale beyond (p,s), as text', declared: 'TEXT', value: "'12.345'", type: 'numeric(6,2)', hazard: 'inexact' },
  { of: 'fraction of a cent', declared: 'TEXT', value: "'1.999'", type: 'money', hazard: 'precision_loss' },
  { of: 'negative oid', declared: 'INTEGER', value: '-1', type: 'oid', hazard: 'out_of_range' },
  // Texts.
  {
    of: 'NUL byte',
    declared: 'TEXT',
    value: "'a' || char(0) || 'b'",
    type: 'text',
    hazard: 'nul_byte',
  },
  {
    of: 'invalid UTF-8',
    declared: 'TEXT',
    value: "CAST(x'61ff62' AS TEXT)",
    type: 'text',
    hazard: 'invalid_utf8',
  },
  {
    of: 'invalid UTF-8 in an array',
    declared: 'TEXT',
    value: "CAST(x'5b22ff225d' AS TEXT)",
    type: 'text[]',
    hazard: 'invalid_utf8',
  },
  {
    of: 'the null sentinel',
    declared: 'TEXT',
    value: "'__PGFERRY_NULL__'",
    type: 'text',
    hazard: 'sentinel',
    isSeenLate: true,
  },
  { of: 'too long for varchar(n)', declared: 'TEXT', value: "'abcdef'", type: 'varchar(5)', hazard: 'too_long' },
  { of: 'too long for a domain', declared: 'TEXT', value: "'abcdef'", type: 'short', hazard: 'too_long' },
  { of: 'too long for name', declared: 'TEXT', value: `'${'n'.repeat(64)}'`, type: 'name', hazard: 'too_long' },
  { of: 'more than one byte for "char"', declared: 'TEXT', value: "'ab'", type: '"char"', hazard: 'too_long' },
  { of: 'label that the enum has not', declared: 'TEXT', value: "'glad'", type: 'mood', hazard: 'enum_label' },
  { of: 'no uuid', declared: 'TEXT', value: "'8C6E3A40'", type: 'uuid', hazard: 'not_a_uuid' },
  { of: 'blob of another length for uuid', declared: 'BLOB', value: "x'00'", type: 'uuid', hazard: 'not_a_uuid' },
  { of: 'no JSON', declared: 'TEXT', value: "'{a:1}'", type: 'json', hazard: 'not_json' },
  { of: 'no JSON for jsonb', declared: 'TEXT', value: '\'{"a":1,}\'', type: 'jsonb', hazard: 'not_json' },
  { of: 'empty for JSON', declared: 'TEXT', value: "''", type: 'jsonb', hazard: 'not_json' },
  {
    of: 'U+0000 in JSON going to jsonb',
    declared: 'TEXT',
    value: `'{"a":"\\u0000"}'`,
    type: 'jsonb',
    hazard: 'json_nul',
  },
  {
    of: 'half a surrogate pair going to jsonb',
    declared: 'TEXT',
    value: `'"\\ud800"'`,
    type: 'jsonb',
    hazard: 'not_json',
  },
  { of: 'blob in TEXT', declared: 'TEXT', value: "x'6162'", type: 'text', hazard: 'blob_in_text' },
  { of: 'text in BLOB', declared: 'BLOB', value: "'ab'", type: 'bytea', hazard: 'text_in_blob' },
  { of: 'number in BLOB', declared: 'BLOB', value: '1', type: 'bytea', hazard: 'number_in_blob' },
  { of: 'object in an array', declared: 'TEXT', value: `'[{"a":1}]'`, type: 'text[]', hazard: 'not_an_array' },
  { of: 'empty array in an array', declared: 'TEXT', value: "'[[]]'", type: 'integer[]', hazard: 'not_an_array' },
  { of: 'no address', declared: 'TEXT', value: "'10.0.0.256'", type: 'inet', hazard: 'rejected' },
  {
    of: 'what the CHECK of a domain refuses',
    declared: 'TEXT',
    value: "'no'",
    type: 'yes',
    hazard: 'check_violation',
  },
  // Rows.
  { of: 'NULL for NOT NULL', declared: 'TEXT', value: 'NULL', type: 'text NOT NULL', hazard: 'null_in_not_null' },
];
