import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { commandRows } from '../../src/cli/help.js';
import { confirmation } from '../../src/commands/cutover/preflight.js';
import type { CommandName } from '../../src/model/settings.js';
import { runJson } from '../support/command.js';
import { withDatabase } from '../support/database.js';
import { makeSqlite, withFolder } from '../support/folder.js';
import { codeOf, readPage, tableRows } from '../support/page.js';

const page = readPage('docs/json.md');
const commandNames = commandRows.map(({ name }) => name);

test('the object that --json prints has exactly the fields of the contract, command by command', async () => {
  const fields = tableRows(page, 'field', 'of');
  const fieldsOf = (name: string) =>
    fields
      .filter(([, of = '']) => of === 'all' || of.split(' ').includes(name))
      .map(([field = '']) => codeOf(field)[0]);
  await withFolder((folder) =>
    withDatabase(async (url) => {
      const source = makeSqlite(
        folder,
        'CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); INSERT INTO t VALUES (1, 2);',
      );
      writeFileSync(join(folder, '.vps.env'), 'VPS_DB_PROVIDER=sqlite\n');
      const more: Partial<Record<CommandName, readonly string[]>> = {
        quarantine: ['list'],
        fleet: ['plan', '--sources', 'app.db'],
        cutover: ['--confirm', confirmation, '--generate-provider', '0'],
      };
      const last: readonly CommandName[] = ['cutover', 'settle-cutover', 'release', 'rollback'];
      for (const name of [...commandNames.filter((one) => !last.includes(one) && one !== 'control'), ...last]) {
        const target = name === 'census' ? [] : ['--target', url];
        const named = name === 'fleet' ? [] : ['--source', source];
        const args = [name, ...named, ...target, ...(more[name] ?? [])];
        const { json, stderr, exitCode } = await runJson(args, { cwd: folder });
        assert.equal(exitCode, 0, stderr);
        assert.deepEqual(Object.keys(json).sort(), fieldsOf(name).sort(), name);
        const [table] = json.tables;
        if (table === undefined) continue;
        const said = /^A report in `tables` has (.+?)\. /m.exec(page)?.[1] ?? '';
        assert.deepEqual(
          Object.keys(table),
          [...said.matchAll(/`(\w+)`/g)].map((match) => match[1]),
        );
      }
      const failed = await runJson(['plan', '--source', join(folder, 'no.db'), '--target', url], { cwd: folder });
      const common = fields
        .filter(([, of]) => of === 'all' || of === 'failures')
        .map(([field = '']) => codeOf(field)[0]);
      assert.deepEqual(Object.keys(failed.json).sort(), common.sort());
    }),
  );
});
