import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type pg from 'pg';
import { runJson } from '../support/command.js';
import { withDatabase } from '../support/database.js';
import { makeSqlite, withFolder } from '../support/folder.js';
import { arrivals, type Refusal, refusals } from './corpus.js';

type Case = (typeof arrivals)[number] | Refusal;

const typesSql = `CREATE EXTENSION citext; CREATE TYPE mood AS ENUM ('sad', 'happy');
  CREATE DOMAIN short AS varchar(5);
  CREATE DOMAIN amount AS numeric(6, 2); CREATE DOMAIN price AS amount CHECK (VALUE > 0); CREATE DOMAIN yes AS text CHECK (VALUE = 'yes');`;

const nameOf = (at: number): string => `t${at}`;

/** One table per case on both sides, a good row beside the case's own, and a config file with its rules. */
function prepare(folder: string, cases: readonly Case[], policies: object): string[] {
  const sqlite = cases.map(({ declared, value }, at) => {
    const good = 'hazard' in (cases[at] ?? {}) ? ', (2, NULL)' : '';
    return `CREATE TABLE ${nameOf(at)}(id INTEGER PRIMARY KEY, v ${declared}); INSERT INTO ${nameOf(at)} VALUES (1, ${value})${isNotNull(cases[at]) ? '' : good};`;
  });
  const postgres = cases.map(({ type }, at) => `CREATE TABLE ${nameOf(at)} (id integer PRIMARY KEY, v ${type});`);
  const rules = cases.map(({ rules: of }, at) => [nameOf(at), of === undefined ? {} : { columns: { v: of } }]);
  mkdirSync(join(folder, 'sql'));
  writeFileSync(join(folder, 'sql/1.sql'), [typesSql, ...postgres].join('\n'));
  writeFileSync(join(folder, 'config.json'), JSON.stringify({ policies, tableRules: Object.fromEntries(rules) }));
  const source = makeSqlite(folder, sqlite.join('\n'));
  return ['--source', source, '--sql-dir', join(folder, 'sql'), '--config', join(folder, 'config.json')];
}

function isNotNull(one: Case | undefined): boolean {
  return one?.type.endsWith('NOT NULL') === true;
}

async function arrivedAt(client: pg.Client, at: number): Promise<string | null | undefined> {
  const { rows } = await client.query<{ v: string | null }>(`SELECT v::text FROM ${nameOf(at)} WHERE id = 1`);
  return rows[0]?.v;
}

function title(one: Case, at: number): string {
  return `${nameOf(at)} (${one.of}): ${one.value} of ${one.declared} into ${one.type}`;
}

test('every value that PostgreSQL can hold arrives as it is, in one migration that is proven', async () => {
  await withFolder((folder) =>
    withDatabase(async (url, client) => {
      const at = [...prepare(folder, arrivals, {}), '--target', url];
      const { exitCode, json, stderr } = await runJson(['migrate', ...at], { cwd: folder });
      assert.equal(exitCode, 0, stderr);
      assert.equal(json.tables.length, arrivals.length);
      for (const [i, one] of arrivals.entries()) assert.equal(await arrivedAt(client, i), one.arrives, title(one, i));
      const verified = await runJson(['verify', ...at.filter((arg) => !/sql/.test(arg))], { cwd: folder });
      assert.deepEqual(verified.json.differences, []);
      assert.equal(verified.exitCode, 0, JSON.stringify(verified.json.findings));
    }),
  );
});

test('every value that PostgreSQL cannot hold is named before the copy, and kept whole under the policy of its hazard', async () => {
  await withFolder((folder) =>
    withDatabase(async (url, client) => {
      const at = [...prepare(folder, refusals, { '*': 'quarantine' }), '--target', url];
      const planned = await runJson(['plan', ...at], { cwd: folder });
      // What the two schemas say is not about a value.
      const ofValues = planned.json.findings.filter(({ code }) => code !== 'verify.schema_differs');
      const seen = new Map(ofValues.map(({ table, code }) => [table, code]));
      for (const [i, one] of refusals.entries()) {
        const isNamed = seen.has(nameOf(i));
        assert.equal(isNamed, one.isSeenLate !== true, `${title(one, i)}: ${seen.get(nameOf(i)) ?? 'not in the plan'}`);
      }
      const { exitCode, json, stderr } = await runJson(['migrate', ...at], { cwd: folder });
      assert.deepEqual(json.differences, []);
      assert.deepEqual(
        json.tables.filter(({ ok }) => !ok),
        [],
      );
      assert.equal(exitCode, 0, stderr);
      const { rows } = await client.query<{ table_name: string; hazard: string; key: string }>(
        `SELECT table_name, hazard, key FROM pgferry.quarantine`,
      );
      const held = new Map(rows.map((row) => [row.table_name, row]));
      for (const [i, one] of refusals.entries()) {
        assert.equal(held.get(nameOf(i))?.hazard, one.hazard, title(one, i));
        assert.equal(held.get(nameOf(i))?.key, 'id=1');
        assert.equal(await arrivedAt(client, i), undefined, title(one, i));
        const report = json.tables.find(({ table }) => table === nameOf(i));
        assert.equal(report?.sourceRows, (report?.copiedRows ?? 0) + 1);
      }
      assert.equal(rows.length, refusals.length);
    }),
  );
});

test('a tsvector is left to its generation or its own trigger, and where another one fills it the plan says what to run after the copy', async () => {
  await withFolder((folder) =>
    withDatabase(async (url, client) => {
      mkdirSync(join(folder, 'sql'));
      writeFileSync(
        join(folder, 'sql/1.sql'),
        `CREATE TABLE a (id integer PRIMARY KEY, body text, search tsvector GENERATED ALWAYS AS (to_tsvector('simple', body)) STORED);
         CREATE TABLE b (id integer PRIMARY KEY, body text, search tsvector);
         CREATE TRIGGER fill BEFORE INSERT OR UPDATE ON b FOR EACH ROW
           EXECUTE FUNCTION tsvector_update_trigger(search, 'pg_catalog.simple', body);
         CREATE TABLE c (id integer PRIMARY KEY, body text, search tsvector);
         CREATE FUNCTION search_c() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.search := to_tsvector('simple', NEW.body); RETURN NEW; END $$;
         CREATE TRIGGER fill BEFORE INSERT OR UPDATE ON c FOR EACH ROW EXECUTE FUNCTION search_c();`,
      );
      const source = makeSqlite(
        folder,
        ['a', 'b', 'c']
          .map(
            (name) =>
              `CREATE TABLE ${name}(id INTEGER PRIMARY KEY, body TEXT); INSERT INTO ${name} VALUES (1, 'two cats');`,
          )
          .join(''),
      );
      const args = ['migrate', '--source', source, '--target', url, '--sql-dir', join(folder, 'sql')];
      const { exitCode, json, stderr } = await runJson(args, { cwd: folder });
      assert.equal(exitCode, 0, stderr);
      const searchOf = async (table: string) =>
        (await client.query(`SELECT search::text FROM ${table}`)).rows[0].search;
      assert.equal(await searchOf('a'), "'cats':2 'two':1");
      assert.equal(await searchOf('b'), "'cats':2 'two':1");
      const [finding, ...others] = json.findings.filter(({ code }) => code === 'plan.search_column');
      assert.deepEqual([finding?.table, finding?.column, others.length], ['c', 'search', 0]);
      await client.query(/UPDATE .*/.exec(finding?.hint ?? '')?.[0] ?? 'no statement');
      assert.equal(await searchOf('c'), "'cats':2 'two':1");
    }),
  );
});
