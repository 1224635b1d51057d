import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { checkRules } from '../src/cli/config-file.js';
import { confirmation } from '../src/commands/cutover/preflight.js';
import { defaultOf } from '../src/cli/help.js';
import { type OptionRow, optionTable } from '../src/cli/option-table.js';
import type { CommandName } from '../src/model/settings.js';
import { readSettings } from '../src/cli/settings.js';
import { exitCodes } from '../src/model/error.js';
import { hazards } from '../src/plan/findings/hazards.js';
import { runJson } from './support/command.js';
import { withDatabase } from './support/database.js';
import { makeSqlite, withFolder } from './support/folder.js';
import { codeBlocks, codeOf, readPage, root, tableRows } from './support/page.js';

const readme = readPage('README.md');

const commandNames: readonly CommandName[] = [
  'census',
  'init',
  'plan',
  'copy',
  'verify',
  'shadow',
  'accept',
  'migrate',
  'quarantine',
  'cutover',
  'rollback',
  'release',
  'status',
];
const commandLineOnly = new Set(['json', 'quiet']);

const code = (text: string) => `\`${text}\``;

function optionCells(row: OptionRow): string[] {
  const isPlain = /^(an|one|as) /.test(row.standardText ?? '');
  const standard = defaultOf(row);
  const value = standard === null ? 'none' : isPlain ? standard : code(standard);
  return [
    code(`--${row.flag}${row.value === null ? '' : ` <${row.value}>`}`),
    row.env.length === 0 ? '–' : row.env.map(code).join(', '),
    commandLineOnly.has(row.setting) ? '–' : code(row.setting),
    row.value === null ? 'off' : value,
    row.help,
    row.commands.length === commandNames.length
      ? 'all'
      : commandNames.filter((name) => row.commands.includes(name)).join(' '),
  ];
}

test('the tables of flags are the table of options: every flag, variable, key, default, meaning and command', () => {
  const inReadme = tableRows(readme, 'flag', 'environment').sort();
  assert.deepEqual(inReadme, optionTable.map(optionCells).sort());
});

test('the config files of the README are ones that pgferry takes', async () => {
  const configs = codeBlocks(readme, 'json').map((text) => JSON.parse(text) as Record<string, unknown>);
  for (const config of configs) await checkRules(config);
  const settings = configs.map((config) => readSettings({ command: 'migrate', flags: {}, env: {}, config }));
  assert.ok(settings.some(({ chunkBytes }) => chunkBytes === 32 * 1024 * 1024));
});

test('every exit code is listed, and no other', () => {
  const listed = tableRows(readme, 'exit code').map(([number]) => Number(number));
  assert.deepEqual(
    listed.sort((a, b) => a - b),
    Object.values(exitCodes).sort((a, b) => a - b),
  );
});

test('every make target of the README exists, and every target for operators is in the README', () => {
  const phony = /^\.PHONY: (.+)$/m.exec(readPage('Makefile'))?.[1]?.split(' ') ?? [];
  const named = new Set([
    ...[...readme.matchAll(/`make ([\w-]+)/g)].map((match) => match[1] ?? ''),
    ...codeBlocks(readme, 'sh').flatMap((text) =>
      [...text.matchAll(/^make ([\w-]+)/gm)].map((match) => match[1] ?? ''),
    ),
  ]);
  for (const target of named) assert.ok(phony.includes(target), `make ${target}`);
  for (const target of phony.filter((name) => name.startsWith('db-pg') || name.startsWith('test'))) {
    assert.ok(named.has(target), `${target} is in the README`);
  }
});

test('every target in the table of targets is the command beside it', () => {
  const makefile = readPage('Makefile');
  for (const [target = '', command = ''] of tableRows(readme, 'make target')) {
    const name = target.slice('`make '.length, -1);
    const recipe = new RegExp(`^${name}:.*\\n\\t@\\$\\(PGFERRY\\) (.+?)( \\$\\(ARGS\\))?$`, 'm').exec(makefile)?.[1];
    assert.equal(code(`pgferry ${recipe}`), command);
  }
});

test('pages that the README refers to are there', () => {
  for (const [, path = ''] of readme.matchAll(/\]\(([^)#:]+)\)/g)) assert.ok(readPage(path).length > 0, path);
});

test('the bound on memory is the one that --memory-limit counts with', () => {
  const bound = /about (\d+) MB \+ workers × \((\d+) MB \+ 2 × `--block-bytes`\)/.exec(readme);
  const source = readPage('src/run/load/copy-threads.ts');
  assert.equal(/^const processMb = (\d+);$/m.exec(source)?.[1], bound?.[1]);
  assert.equal(/^const threadMb = (\d+);$/m.exec(source)?.[1], bound?.[2]);
});

test('the place for the measured figures is there, once', () => {
  assert.equal(readme.split('<!-- bench -->').length, 2);
  assert.match(readme, /<!-- bench -->[\s\S]+<!-- \/bench -->/);
});

test('the object that --json prints has exactly the fields of the contract, command by command', async () => {
  const fields = tableRows(readme, 'field', 'of');
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
        cutover: ['--confirm', confirmation, '--generate-provider', '0'],
      };
      const last: readonly CommandName[] = ['cutover', 'release', 'rollback'];
      for (const name of [...commandNames.filter((one) => !last.includes(one)), ...last]) {
        const target = name === 'census' ? [] : ['--target', url];
        const args = [name, '--source', source, ...target, ...(more[name] ?? [])];
        const { json, stderr, exitCode } = await runJson(args, { cwd: folder });
        assert.equal(exitCode, 0, stderr);
        assert.deepEqual(Object.keys(json).sort(), fieldsOf(name).sort(), name);
        const [table] = json.tables;
        if (table === undefined) continue;
        const said = /^A report in `tables` has (.+?)\. /m.exec(readme)?.[1] ?? '';
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

test('the run folder holds what the README says, and nothing else', async () => {
  await withFolder((folder) =>
    withDatabase(async (url) => {
      const source = makeSqlite(folder, 'CREATE TABLE t (id INTEGER PRIMARY KEY); INSERT INTO t VALUES (1);');
      const { json, stderr } = await runJson(['migrate', '--source', source, '--target', url], { cwd: folder });
      assert.ok(json.ok, stderr);
      const listed = tableRows(readme, 'file').map(([file = '']) => codeOf(file)[0] ?? '');
      const found = readdirSync(json.runDir ?? '');
      const isSaved = found.includes('postgres-precutover.sql');
      assert.deepEqual(found.sort(), listed.filter((name) => isSaved || name !== 'postgres-precutover.sql').sort());
    }),
  );
});

test('the example of the library compiles, runs, and finds both sides equal', async () => {
  const [example = '', ...more] = codeBlocks(readme, 'ts');
  assert.deepEqual(more, []);
  await withFolder((folder) =>
    withDatabase(async (url) => {
      makeSqlite(folder, 'CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); INSERT INTO t VALUES (1, 2);');
      writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
      writeFileSync(join(folder, 'example.ts'), example);
      mkdirSync(join(folder, 'node_modules'));
      symlinkSync(root, join(folder, 'node_modules/pgferry'));
      const run = promisify(execFile);
      const compiler = join(root, 'node_modules/typescript/bin/tsc');
      const types = join(root, 'node_modules/@types');
      const flags = ['--strict', '--exactOptionalPropertyTypes', '--module', 'nodenext', '--target', 'es2022'];
      const where = ['--types', 'node', '--typeRoots', types];
      await run(process.execPath, [compiler, ...flags, ...where, 'example.ts'], { cwd: folder });
      const env = { PATH: process.env['PATH'] ?? '', DATABASE_URL: url };
      const { stdout } = await run(process.execPath, ['example.js'], { cwd: folder, env });
      assert.match(stdout, /^1 tables to copy\nt is equal\ndone, see .+\n$/);
    }),
  );
});

test('every hazard that a policy can name is in its table, with its rules', () => {
  const rows = tableRows(readme, 'hazard', 'what it is');
  const listed = new Map(
    rows.flatMap(([names = '', , rules = '']) =>
      codeOf(names).map((name) => [name, codeOf(rules).filter((rule) => /^[a-z-]+$/.test(rule))] as const),
    ),
  );
  for (const [name, { rules }] of Object.entries(hazards)) assert.deepEqual(listed.get(name), rules, name);
  assert.equal(listed.size, Object.keys(hazards).length);
});

test('every code with which the encoder refuses a value is a hazard', () => {
  const files = readdirSync(join(root, 'src/encode'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => readPage(`src/encode/${name}`));
  const codes = files.flatMap((text) => [...text.matchAll(/'data\.(\w+)'/g)].map((match) => match[1] ?? ''));
  assert.ok(codes.length > 20);
  for (const code of codes) assert.ok(code in hazards, code);
});
