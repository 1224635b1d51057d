import assert from 'node:assert/strict';
import { test } from 'node:test';
import { translateSchema } from '../../src/translate/translate.js';
import { surveySqlite } from '../plan/fixtures.js';

/** Declared type, the values that stand in the column, its type in PostgreSQL, and the codes of what is said. */
const cases: readonly (readonly [string, readonly string[], string, readonly string[]])[] = [
  ['INTEGER', ['1'], 'bigint', []],
  ['INT UNSIGNED', [], 'bigint', []],
  ['INTEGER', ["'x'", '1'], 'text', ['warning plan.mixed_types']],
  ['INTEGER', ["'x'"], 'text', []],
  ['INTEGER', ['1', '1.5'], 'double precision', []],
  ['INTEGER', ['9007199254740993', '1.5'], 'numeric', []],
  ['BOOLEAN', ['0', '1', 'NULL'], 'boolean', []],
  ['BOOL', [], 'boolean', []],
  ['BOOLEAN', ['2'], 'bigint', []],
  ['BOOLEAN', ["'yes'"], 'text', []],
  ['DATETIME', [], 'timestamp(6)', []],
  ['DATETIME', ['1700000000000', "'2024-02-29T23:59:59.123Z'"], 'timestamp(6)', []],
  ['DATETIME', ["'2024-02-29T23:59:59.123456Z'"], 'timestamp(6)', []],
  ['TIMESTAMP', ["''"], 'text', []],
  ['TIMESTAMP', ['1600000000', '1700000000000'], 'bigint', ['warning plan.time_unit']],
  ['TIMESTAMP', ['1700000000000000'], 'timestamp(6)', []],
  ['TIMESTAMP WITH TIME ZONE', [], 'timestamptz(6)', []],
  ['DATETIMEOFFSET', ["'2024-02-29 23:59:59+02:00'"], 'timestamptz(6)', []],
  ['TIMESTAMP WITHOUT TIME ZONE', [], 'timestamp(6)', []],
  ['DATE', ["'2024-02-29'"], 'date', []],
  ['DATE', ["'2024-02-29 10:00:00'"], 'timestamp(6)', []],
  ['TIME', ["'10:00:00'"], 'time', []],
  ['TIME', ['5'], 'bigint', []],
  ['DECIMAL(1,1)', ['4.5'], 'numeric', ['note plan.decimal']],
  ['NUMERIC', ['4'], 'numeric', []],
  ['DECIMAL(9,2)', ["'n/a'", '1'], 'text', ['warning plan.mixed_types']],
  ['REAL', ['1', '2.5'], 'double precision', []],
  ['DOUBLE PRECISION', [], 'double precision', []],
  ['FLOAT', ["'x'"], 'text', []],
  ['VARCHAR(5)', ["'12345'"], 'varchar(5)', []],
  ['VARCHAR(5)', ["'😀😀😀😀😀'"], 'varchar(5)', []],
  ['NVARCHAR(4)', ["'12345'"], 'text', ['note plan.longer_than_declared']],
  ['CHAR(1)', ["'Y'"], 'varchar(1)', []],
  ['VARCHAR(99999999)', [], 'text', []],
  ['VARCHAR(0)', [], 'text', []],
  ['VARCHAR', ['5'], 'varchar', []],
  ['DATETIME(3)', [], 'timestamp(3)', []],
  ['TIMESTAMP WITH TIME ZONE(3)', [], 'timestamptz(3)', []],
  ['DATETIME(3)', ["'2024-02-29T23:59:59.123456Z'"], 'timestamp(6)', []],
  ['TEXT', ["'a'", '1'], 'text', []],
  ['TEXT', ["x'00'"], 'bytea', ['warning plan.declared_type']],
  ['TEXT', ["x'00'", "'a'"], 'text', ['error plan.mixed_types']],
  ['BLOB', ["x'00'"], 'bytea', []],
  ['BLOB', ["'a'"], 'text', ['warning plan.declared_type']],
  ['BLOB', [], 'bytea', []],
  ['BLOB', ['7'], 'bigint', []],
  ['', ['7'], 'bigint', []],
  ['', ['7.5'], 'double precision', []],
  ['', [], 'text', []],
  ['JSON', ["'{}'"], 'json', []],
  ['JSONB', ["'{}'"], 'jsonb', []],
  ['JSON', ["''"], 'text', []],
  ['JSONB', ["x'0c'"], 'bytea', []],
  ['UUID', ["'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'"], 'uuid', []],
  ['UUID', ["'short'"], 'text', []],
  ['STRING', ['7'], 'bigint', []],
  ['STRING', [], 'text', []],
  ['byte[]', ["x'01'"], 'bytea', []],
  ['MONEY', ['1.25'], 'double precision', []],
];

test('a column gets the type it is declared as where the data agrees, else the type of what it holds', () => {
  for (const [declared, values, expected, codes] of cases) {
    const rows = values.map((value) => `INSERT INTO t VALUES (${value});`).join('');
    const { source, census } = surveySqlite(`CREATE TABLE t (c ${declared});${rows}`);
    const { statements, findings } = translateSchema({ source, census, targetSchema: 's' });
    const label = `${declared}: ${values.join()}`;
    assert.equal(statements[0], `CREATE TABLE "s"."t" (\n  "c" ${expected}\n)`, label);
    assert.deepEqual(
      findings.map((one) => `${one.severity} ${one.code}`),
      codes,
      label,
    );
    assert.ok(findings.every((one) => one.table === 't' && one.column === 'c'));
  }
});

test('a mixed column names its counts', () => {
  const { source, census } = surveySqlite("CREATE TABLE t (c INTEGER); INSERT INTO t VALUES (1), (2), ('x'), (1.5)");
  const [finding] = translateSchema({ source, census, targetSchema: 's' }).findings;
  assert.match(finding?.message ?? '', /2 integers, 1 reals, 1 texts/);
});
