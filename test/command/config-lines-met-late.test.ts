import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readConfig } from '../../src/cli/config-file.js';
import { withWayOut } from '../../src/commands/way-out.js';
import { CopierError } from '../../src/model/error.js';
import type { Plan } from '../../src/model/plan.js';
import { runJson } from '../support/command.js';
import { withDatabase } from '../support/database.js';
import { makeSqlite, withFolder } from '../support/folder.js';

/** The hazards that no single value shows to the plan of config-lines.test.ts, each in a table of its own name. */
const met: readonly (readonly [hazard: string, type: string, values: readonly string[], after?: string])[] = [
  ['nul_byte', 'text', [`'a'`, `'a' || char(0) || 'b'`]],
  ['invalid_utf8', 'text', [`'a'`, `CAST(x'61ff' AS TEXT)`]],
  ['sentinel', 'text', [`'a'`, `'__PGFERRY_NULL__'`]],
  ['no_such_time', 'timestamptz', [`'2024-01-01 00:00:00'`, `'2024-03-31 02:30:00'`]],
  ['ambiguous_time', 'timestamptz', [`'2024-01-01 00:00:00'`, `'2024-10-27 02:30:00'`]],
  ['no_unit', 'interval', [`'1 day'`, '90061000001']],
  ['duplicate_key', 'text', [`'a'`, `'A'`], 'CREATE UNIQUE INDEX one_word ON duplicate_key (lower(v))'],
];

/** The lines that the command offers: as choices of its findings, or in the hint of the error of a copy. */
function linesOf({ json }: Awaited<ReturnType<typeof runJson>>, code: string): string[] {
  const found = json.findings.filter((one) => one.code === code).flatMap(({ choices = [] }) => choices);
  const [inHint] = /\{"tableRules".*\}(?=; )/.exec(json.error?.code === code ? (json.error.hint ?? '') : '') ?? [];
  return [...found, ...(inHint === undefined ? [] : [inHint])];
}

for (const [hazard, type, values, after = ''] of met) {
  test(`each line of the config file that is printed for ${hazard} brings the rows over`, async () => {
    await withFolder((folder) =>
      withDatabase(async (url, client) => {
        const rows = values.map((value, at) => `(${at + 1}, ${value})`).join(', ');
        const source = makeSqlite(
          folder,
          `CREATE TABLE ${hazard} (id INTEGER PRIMARY KEY, v); INSERT INTO ${hazard} VALUES ${rows}`,
        );
        await client.query(`CREATE TABLE ${hazard} (id int PRIMARY KEY, v ${type}); ${after}`);
        const migrate = (config: string) => {
          writeFileSync(join(folder, 'c.json'), config);
          const sides = ['--source', source, '--target', url, '--config', 'c.json', '--fresh', '--truncate-target'];
          return runJson(['migrate', ...sides, '--zone', 'Europe/Berlin'], { cwd: folder });
        };
        const refused = await migrate('{}');
        const lines = linesOf(refused, `data.${hazard}`);
        assert.ok(lines.length > 0 && lines.every((line) => line.includes(`"${hazard}"`)), refused.stderr);
        for (const line of lines) {
          const { exitCode, stderr } = await migrate(line);
          assert.equal(exitCode, 0, `${line}\n${stderr}`);
          const left = line.includes('"quarantine"') ? 1 : 0;
          const { rows: counted } = await client.query(`SELECT count(*)::int AS n FROM ${hazard}`);
          assert.deepEqual(counted, [{ n: values.length - left }], line);
        }
      }),
    );
  });
}

// A value of 1 GB is not made here: the line itself is what is tried.
test('the line for a value that is too large is one of the config file, for the column that the error names', async () => {
  await withFolder(async (folder) => {
    const column = { source: 'v', target: 'v' };
    const plan = { tables: [{ source: 't', target: 't', columns: [column] }] } as unknown as Plan;
    const error = new CopierError('data.too_large', 'too large', { hint: 'h', table: 't', column: 'v', key: 'id=1' });
    const way = withWayOut(error, plan) as CopierError;
    const [line = ''] = /\{"tableRules".*\}(?=; )/.exec(way.hint) ?? [];
    writeFileSync(join(folder, 'c.json'), line);
    const { tableRules } = await readConfig(join(folder, 'c.json'));
    assert.deepEqual(
      JSON.parse(JSON.stringify(tableRules)),
      { t: { columns: { v: { policies: { too_large: 'quarantine' } } } } },
      way.hint,
    );
  });
});
