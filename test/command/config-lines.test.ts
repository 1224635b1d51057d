import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readConfig } from '../../src/cli/config-file.js';
import type { Finding } from '../../src/model/plan.js';
import { hazards } from '../../src/plan/findings/hazards.js';
import { runJson } from '../support/command.js';
import { withDatabase } from '../support/database.js';
import { makeSqlite, withFolder } from '../support/folder.js';

/** Type in SQLite, type in PostgreSQL, a value that fits, and one that does not. */
type Bad = readonly [source: string, target: string, good: string, bad: string];

const bad: readonly Bad[] = [
  ['TEXT', 'jsonb', `'{}'`, `'["\\u0000"]'`],
  ['TEXT', 'json', `'{}'`, `'{'`],
  ['TEXT', 'varchar(3)', `'abc'`, `'abcd'`],
  ['INTEGER', 'smallint', '1', '70000'],
  ['NUMERIC', 'numeric(4,2)', '1', '12345'],
  ['NUMERIC', 'numeric(6,2)', '1', '1.005'],
  ['REAL', 'real', '0.5', '0.123456789'],
  ['DATETIME', 'timestamp(0)', '1700000000000', `'2023-12-31T23:59:59.5Z'`],
  ['TEXT', 'time(0)', `'01:02:03'`, `'23:59:59.7'`],
  ['BOOLEAN', 'boolean', '1', '2'],
  ['BOOLEAN', 'boolean', '1', `'maybe'`],
  ['BOOLEAN', 'boolean NOT NULL', '1', `'maybe'`],
  ['INTEGER', 'integer', '1', `'abc'`],
  ['NUMERIC', 'numeric', '1', `'abc'`],
  ['TEXT', 'date', `'2024-02-29'`, `'2023-02-29'`],
  ['DATETIME', 'timestamp(3)', '1700000000000', `'yesterday'`],
  ['TEXT', 'uuid', `'00112233-4455-6677-8899-aabbccddeeff'`, `'0011'`],
  ['TEXT', 'mood', `'glad'`, `'sadd'`],
  ['INTEGER', 'integer', '1', `x'00'`],
  ['TEXT', 'text', `'a'`, `x'6100ff'`],
  ['TEXT', 'text', `'a'`, `x'c3bc'`],
  ['TEXT', 'text', `'a'`, `x'6100'`],
  ['BLOB', 'bytea', `x'01'`, `'abc'`],
  ['BLOB', 'bytea', `x'01'`, '1.5'],
  ['TEXT', 'integer[]', `'{1}'`, `'1,2,10'`],
  ['TEXT', 'text NOT NULL', `'a'`, 'NULL'],
  ['DATETIME', 'timestamp', '20240102', '20240103'],
  ['TEXT', 'time', `'01:02:03'`, `'soon'`],
  ['TEXT', 'interval', `'1 day'`, `'soon'`],
  ['INTEGER', 'positive', '1', '-1'],
  ['TEXT', 'inet', `'10.0.0.1'`, `'ten'`],
];
const orphans = {
  source: `PRAGMA foreign_keys = OFF; CREATE TABLE parent (id INTEGER PRIMARY KEY);
    CREATE TABLE child (id INTEGER PRIMARY KEY, parent_id INTEGER REFERENCES parent (id)); INSERT INTO child VALUES (1, 9);`,
  target: `CREATE TABLE parent (id int PRIMARY KEY);
    CREATE TABLE child (id int PRIMARY KEY, parent_id int REFERENCES parent (id));`,
};
const sourceSql = `${bad
  .map(([type, , good, odd], i) => {
    const rows = `(1, ${good}), (2, ${odd}), (3, ${good})`;
    return `CREATE TABLE t${i} (id INTEGER PRIMARY KEY, c${i} ${type}); INSERT INTO t${i} VALUES ${rows};`;
  })
  .join('\n')}${orphans.source}`;
const targetSql = `CREATE DOMAIN positive AS int CHECK (VALUE > 0); CREATE TYPE mood AS ENUM ('glad', 'sad');
  ${bad.map(([, type], i) => `CREATE TABLE t${i} (id int PRIMARY KEY, c${i} ${type});`).join('\n')}${orphans.target}`;

/** The objects of several config lines as one. */
function merge(lines: readonly string[]): object {
  const into = (to: Record<string, unknown>, from: Record<string, unknown>): Record<string, unknown> => {
    for (const [key, value] of Object.entries(from)) {
      const isInner = typeof value === 'object' && value !== null && !('convert' in value);
      to[key] = isInner ? into((to[key] ?? {}) as Record<string, unknown>, value as Record<string, unknown>) : value;
    }
    return to;
  };
  return lines.reduce((all, line) => into(all, JSON.parse(line)), {} as Record<string, unknown>);
}

/** Hazards that no value of these columns has; config-lines-met-late.test.ts has them. */
const metElsewhere: readonly string[] = [
  'nul_byte',
  'invalid_utf8',
  'no_such_time',
  'ambiguous_time',
  'no_unit',
  'sentinel',
  'too_large',
  'duplicate_key',
];

const openOf = (findings: readonly Finding[]) => findings.filter(({ severity }) => severity === 'error');

/** Errors, and warnings that a line of the config file ends. */
const undecided = (findings: readonly Finding[]) =>
  findings.filter(({ severity, code }) => severity === 'error' || code === 'plan.local_clock').length;

interface Opened {
  readonly plan: (config: object, more?: readonly string[]) => ReturnType<typeof runJson>;
  readonly migrate: (config: string) => ReturnType<typeof runJson>;
  readonly folder: string;
}

/** A source, and a target with the schema of an application or none, that a plan can look at again and again. */
async function withSides(sql: string, schema: string | null, use: (opened: Opened) => Promise<void>): Promise<void> {
  await withFolder((folder) =>
    withDatabase(async (url, client) => {
      if (schema !== null) await client.query(schema);
      const sides = ['--source', makeSqlite(folder, sql), '--target', url, '--config', 'c.json'];
      const run = (command: string, config: string, more: readonly string[]) => {
        writeFileSync(join(folder, 'c.json'), config);
        return runJson([command, ...sides, ...more], { cwd: folder });
      };
      await use({
        folder,
        plan: (config, more = []) => run('plan', JSON.stringify(config), more),
        migrate: (config) => run('migrate', config, []),
      });
    }),
  );
}

const place = ({ table, column, code }: Finding) => `${table}.${column} ${code}`;

test('every line of the config file that a finding proposes is understood, and settles it', async () => {
  await withSides(sourceSql, targetSql, async ({ plan, migrate, folder }) => {
    const first = await plan({}, ['--write-config', 'new.json']);
    const open = openOf(first.json.findings);
    assert.deepEqual(open.filter(({ choices = [] }) => choices.length === 0).map(place), []);
    assert.equal(new Set(open.map(({ table }) => table)).size, bad.length + 1, first.stderr);
    const met = open.map(({ code }) => code.replace(/^(data|plan)\.(orphan)?s?/, '$2'));
    assert.deepEqual(
      Object.keys(hazards).filter((name) => !met.includes(name)),
      [...metElsewhere],
    );
    const rounds = Math.max(...open.map(({ choices = [] }) => choices.length));
    assert.ok(rounds >= 3);
    for (let round = 0; round < rounds; round += 1) {
      const asked = open.filter(({ choices = [] }) => choices[round] !== undefined);
      const { json } = await plan(merge(asked.map(({ choices = [] }) => choices[round] ?? '')));
      const left = openOf(json.findings).map(place);
      assert.deepEqual(
        asked.map(place).filter((one) => left.includes(one)),
        [],
        `choice ${round}`,
      );
    }
    const shared = first.json.findings.filter(({ code }) => code === 'plan.one_line');
    for (const { message, choices = [] } of shared) {
      for (const line of choices) {
        const left = undecided((await plan(JSON.parse(line))).json.findings);
        assert.ok(left <= undecided(first.json.findings) - 2, `${message}: ${line}`);
      }
    }
    const written = readFileSync(join(folder, 'new.json'), 'utf8');
    await readConfig(join(folder, 'new.json'));
    const refused = await migrate(written);
    assert.equal(openOf(refused.json.findings).length, open.length);
    // The first choice that follows a comment, without its slashes.
    const decided = written.replace(/^( *\/\/ (?!").*\n *)\/\/ (".*\n)/gm, '$1$2');
    const moved = await migrate(decided);
    assert.equal(moved.exitCode, 0, `${moved.stderr}\n${decided}`);
    const again = await plan({}, ['--write-config', 'new.json']);
    assert.equal(again.exitCode, 2);
    assert.equal(readFileSync(join(folder, 'new.json'), 'utf8'), written);
  });
});

/** Takes the first choice of each finding, then the second and so on: what a line was taken of is found no more. */
async function checkRounds(named: readonly Finding[], plan: (config: object) => ReturnType<typeof runJson>) {
  const rounds = Math.max(...named.map(({ choices = [] }) => choices.length));
  for (let round = 0; round < rounds; round += 1) {
    const asked = named.filter(({ choices = [] }) => choices[round] !== undefined);
    const { json } = await plan(merge(asked.map(({ choices = [] }) => choices[round] ?? '')));
    const left = json.findings.map(place);
    assert.deepEqual(
      asked.map(place).filter((one) => left.includes(one)),
      [],
      `choice ${round}`,
    );
  }
}

const isChoice = ({ code, choices = [] }: Finding) => code !== 'plan.one_line' && choices.length > 0;
const sharedOf = (findings: readonly Finding[]) =>
  findings.filter(({ code }) => code === 'plan.one_line').flatMap(({ choices = [] }) => choices);

test('a declared type that is given up is settled by the lines that its finding names', async () => {
  const sql = `CREATE TABLE a (id INTEGER PRIMARY KEY, ok BOOLEAN, on_day DATE);
    CREATE TABLE b (id INTEGER PRIMARY KEY, ok BOOLEAN);
    INSERT INTO a VALUES (1, 1, '2024-02-29'), (2, '', '?'), (3, 'x', x'00'); INSERT INTO b VALUES (1, 0), (2, '')`;
  await withSides(sql, null, async ({ plan }) => {
    const fromSource = (config: object) => plan(config, ['--from-source']);
    const { findings } = (await fromSource({})).json;
    const named = findings.filter(isChoice);
    assert.deepEqual(named.map(({ table, column }) => `${table}.${column}`).sort(), ['a.ok', 'a.on_day', 'b.ok']);
    await checkRounds(named, fromSource);
    assert.ok(sharedOf(findings).includes('{"policies":{"not_a_bool":{"convert":"null"}}}'));
  });
});

test('the zone of naive texts, and the unit of numbers, are settled by the lines that their findings name', async () => {
  const sql = `CREATE TABLE a (id INTEGER PRIMARY KEY, seen_at TEXT, made DATETIME); CREATE TABLE b (id INTEGER PRIMARY KEY, left_at TEXT, made DATETIME);
    INSERT INTO a VALUES (1, '2024-02-29 10:00:00', 20240102); INSERT INTO b VALUES (1, '2024-02-29 10:00:00', 20240103)`;
  const schema = `CREATE TABLE a (id int PRIMARY KEY, seen_at timestamptz, made timestamp); CREATE TABLE b (id int PRIMARY KEY, left_at timestamptz, made timestamp)`;
  await withSides(sql, schema, async ({ plan }) => {
    const { findings } = (await plan({})).json;
    const named = findings.filter(isChoice);
    assert.deepEqual(named.map(place).sort(), [
      'a.made plan.time_unit',
      'a.seen_at plan.zone',
      'b.left_at plan.zone',
      'b.made plan.time_unit',
    ]);
    await checkRounds(named, plan);
    const shared = sharedOf(findings);
    assert.ok(shared.includes('{"columns":{"*_at":{"zone":"UTC"}}}'), shared.join('\n'));
    assert.ok(shared.includes('{"columns":{"made":{"unit":"YYYYMMDD"}}}'), shared.join('\n'));
    for (const line of shared) {
      const { json } = await plan(JSON.parse(line));
      assert.equal(json.findings.filter(isChoice).length, named.length - 2, line);
    }
  });
});

test('times without a zone that the server reads are told, and settled as UTC alone', async () => {
  const sql = `CREATE TABLE a (id INTEGER PRIMARY KEY, at TEXT, all_of TEXT, during TEXT);
    INSERT INTO a VALUES (1, '12:30', '["2024-01-01 10:00"]', '[2024-01-01 10:00,)'), (2, '12:30Z', '{2024-01-01 10:00+02,infinity}', '(,)')`;
  const schema = 'CREATE TABLE a (id int PRIMARY KEY, at timetz, all_of timestamptz[], during tstzrange)';
  await withSides(sql, schema, async ({ plan }) => {
    const { findings } = (await plan({})).json;
    const named = findings.filter(isChoice);
    assert.deepEqual(named.map(place).sort(), ['a.all_of plan.zone', 'a.at plan.zone', 'a.during plan.zone']);
    assert.match(
      String(named.map(({ message }) => message)),
      /^1 of its texts names[^:]+: '[^']+',1 of its texts names/,
    );
    await checkRounds(named, plan);
    const local = (zone: string) => plan({ tableRules: { a: { columns: { at: { zone } } } } });
    const refused = (await local('Europe/Berlin')).json.findings.filter(({ severity }) => severity === 'error');
    assert.deepEqual(
      refused.map(({ code, column }) => `${column} ${code}`),
      ['at plan.rule'],
    );
    // A zone for all columns is none of theirs.
    const all = (await plan({ zone: 'Europe/Berlin' })).json.findings.filter(isChoice);
    assert.equal(all.length, 3);
  });
});

test('texts and numbers beside blobs, for which no one type is found, are settled by the lines that their findings name', async () => {
  const sql = `CREATE TABLE m (id INTEGER PRIMARY KEY, a, b BLOB, c);
    INSERT INTO m VALUES (1, 'x', x'00ff', 1), (2, x'01', 'ü', x'ff')`;
  await withSides(sql, null, async ({ plan }) => {
    const refused = await plan({});
    const findings = refused.json.findings;
    const named = findings.filter(isChoice);
    assert.deepEqual(named.map(place).sort(), ['m.a plan.mixed_types', 'm.b plan.mixed_types', 'm.c plan.mixed_types']);
    const lines = named.map(({ choices = [] }) => [choices[0] ?? '', choices.at(-1) ?? '']);
    for (const at of [0, 1]) {
      const settled = await plan(merge(lines.map((both) => both[at] ?? '')));
      assert.equal(settled.exitCode, 0, settled.stderr);
    }
    const [line = ''] = sharedOf(findings);
    const { json } = await plan(merge([line, lines[2]?.[0] ?? '']));
    assert.equal(json.ok, true, line);
  });
});
