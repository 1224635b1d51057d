import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { commandRows } from '../../src/cli/help.js';
import { optionsOf } from '../../src/cli/options/table.js';
import { readSettings, type SettingsInput } from '../../src/cli/settings.js';
import { CopierError } from '../../src/model/error.js';
import { runCommand } from '../support/command.js';
import { makeSqlite, withFolder } from '../support/folder.js';
import { plainCommands } from '../support/program.js';

/*
 * Secrets in every setting that could hold one, over every command: what is printed, written or thrown has none of them.
 * What reaches a server is looked at in secrets.test.ts.
 */

const canary = 'c4nary';
const secrets: readonly string[] = [
  `postgresql://app:${canary}@127.0.0.1:1/app`,
  `postgresql://app:${canary}`,
  `postgresql://app:x/${canary}@y?${canary}@127.0.0.1:1/app`,
  `mysql://root:${canary}@127.0.0.1/app`,
  `libsql://app.turso.io?authToken=${canary}`,
  `https://app-me.turso.io/x?auth_token=${canary}`,
  `file:app.db?password=${canary}`,
  `host=127.0.0.1 password=${canary}`,
];
/** Settings that keep a secret, and are never printed. */
const keepers = ['targetUrl'];

function check(text: string, where: string): void {
  assert.ok(!text.includes(canary), `${where}: ${text}`);
}

/** Reads the settings; whether they were taken. What is thrown must not hold the canary. */
function isTaken(input: Partial<SettingsInput>, where: string): boolean {
  try {
    readSettings({ command: 'migrate', flags: {}, env: {}, config: {}, ...input });
    return true;
  } catch (error) {
    assert.ok(error instanceof CopierError, where);
    check(`${error.message} ${error.hint}`, where);
    return false;
  }
}

for (const { name: command } of commandRows) {
  test(`no setting of ${command} takes a secret but the target, and none is repeated, by flag, variable or file`, () => {
    let count = 0;
    for (const { setting, flag, value, env, isFlagOnly } of optionsOf(command)) {
      for (const secret of secrets) {
        const ways: readonly (Partial<SettingsInput> | null)[] = [
          value === null ? null : { flags: { [setting]: secret } },
          ...env.map((variable) => ({ env: { [variable]: secret } })),
          isFlagOnly === true ? null : { config: { [setting]: secret } },
          isFlagOnly === true ? null : { config: { [setting]: [secret] } },
        ];
        for (const way of ways) {
          if (way === null) continue;
          count++;
          const where = `--${flag} by ${Object.keys(way)[0]}`;
          if (isTaken({ command, ...way }, where)) assert.ok(keepers.includes(setting), `${where} takes ${secret}`);
        }
      }
    }
    assert.ok(count > 50);
  });
}

test('no file that goes over with others takes a secret for its source', () => {
  for (const secret of secrets) {
    const config = { group: [{ source: secret, schema: 'a' }] };
    assert.equal(isTaken({ command: 'cutover', config }, 'group'), false, secret);
  }
});

/** Command lines that fail, whatever the command. */
function linesOf(secret: string, source: string): readonly (readonly string[])[] {
  return [
    ['--source', secret],
    ['--source', source, '--target', secret],
    [secret],
    [source, secret],
    [secret, source],
    [source, secret, 'more', secret],
    [`--sorce=${secret}`],
    ['--sorce', secret],
    ['--config', secret],
    ['--source', source, '--config', 'config.json'],
  ];
}

test('whatever is wrong on the command line of any command, nothing that is printed or written holds the secret', async () => {
  await withFolder(async (folder) => {
    const source = makeSqlite(folder, 'CREATE TABLE t (id INTEGER PRIMARY KEY)');
    const [target = '', , , , libsql = ''] = secrets;
    writeFileSync(join(folder, 'config.json'), JSON.stringify({ [target]: libsql, workers: target, tables: libsql }));
    let failed = 0;
    for (const [i, { name, argument }] of commandRows.entries()) {
      const secret = secrets[i % secrets.length] ?? '';
      // A word that the command knows, so that it reads what follows.
      const word = argument?.words.slice(0, 1) ?? [];
      // The target that nobody answers is tried with each command; the others take turns.
      const lines = linesOf(secret, source).filter((_, k) => (i + k) % 5 === 0);
      for (const line of [...lines, ['--source', source, '--target', target]]) {
        if (name === 'census' && line.includes('--target')) continue;
        const env = { CHUNK_BYTES: '', PG_URL: target };
        const { exitCode, stdout, stderr } = await runCommand([name, ...word, ...line, '--json'], { cwd: folder, env });
        check(stdout, `stdout of ${name} ${line.join(' ')}`);
        check(stderr, `stderr of ${name} ${line.join(' ')}`);
        if (exitCode !== 0) failed++;
      }
    }
    // Those that take no setting, and read their words before any.
    for (const [i, name] of plainCommands.entries()) {
      const secret = secrets[i] ?? '';
      for (const line of [
        [secret],
        [secret, secret],
        ['--sorce', secret],
        ['--target', secret],
        [`--json=${secret}`],
      ]) {
        const { exitCode, stdout, stderr } = await runCommand([name, ...line], { cwd: folder });
        check(stdout, `stdout of ${name} ${line.join(' ')}`);
        check(stderr, `stderr of ${name} ${line.join(' ')}`);
        assert.notEqual(exitCode, 0, `${name} ${line.join(' ')}`);
      }
    }
    assert.ok(failed > 25, `${failed} failed`);
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      check(entry.name, 'a file name');
      if (entry.isFile() && entry.name !== 'config.json')
        check(readFileSync(join(entry.parentPath, entry.name), 'latin1'), entry.name);
    }
  });
});
