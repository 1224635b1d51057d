import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { commandRows } from '../../../src/cli/help.js';
import { cutoverOptions } from '../../../src/cli/options/cutover-options.js';
import { fleetOptions } from '../../../src/cli/options/fleet-options.js';
import { followOptions } from '../../../src/cli/options/follow-options.js';
import { headings } from '../../../src/cli/options/option.js';
import { outputOptions } from '../../../src/cli/options/output-options.js';
import { rowOptions } from '../../../src/cli/options/row-options.js';
import { runOptions } from '../../../src/cli/options/run-options.js';
import { schemaOptions } from '../../../src/cli/options/schema-options.js';
import { sideOptions } from '../../../src/cli/options/side-options.js';
import { speedOptions } from '../../../src/cli/options/speed-options.js';
import { optionRows, optionsOf } from '../../../src/cli/options/table.js';
import { root } from '../../support/page.js';

test('no two parts of the table have the same setting, of which the second would win in silence', () => {
  const parts = [
    sideOptions,
    schemaOptions,
    rowOptions,
    runOptions,
    followOptions,
    cutoverOptions,
    fleetOptions,
    speedOptions,
    outputOptions,
  ] as const;
  const names = parts.flatMap((part) => Object.keys(part));
  assert.equal(new Set(names).size, names.length);
  assert.deepEqual(
    optionRows.map(({ setting }) => setting),
    names,
  );
});

test('the options come in the order of the headings, each part under its own', () => {
  const order = optionRows.map(({ heading }) => Object.keys(headings).indexOf(heading));
  assert.deepEqual(
    order,
    [...order].sort((a, b) => a - b),
  );
});

test('no command has two options of one flag, and no variable sets two settings of one command', () => {
  for (const { name } of commandRows) {
    const rows = optionsOf(name);
    const flags = rows.map(({ flag }) => flag);
    assert.equal(new Set(flags).size, flags.length, name);
    const variables = rows.flatMap(({ env }) => env);
    assert.equal(new Set(variables).size, variables.length, name);
  }
});

test('a flag without a value has none in help, and any other has one', () => {
  for (const { flag, value, syntax } of optionRows) assert.equal(value === null, syntax.tag === 'flag', flag);
});

const variations: readonly (readonly [title: string, table: string, isTaken: boolean])[] = [
  ['the table itself', 'optionTable', true],
  ['a table without a setting', '(({ workers: _, ...others }) => others)(optionTable)', false],
  ['a value of another type', '{ ...optionTable, workers: { ...optionTable.workers, syntax: text() } }', false],
  ['a default of another type', "{ ...optionTable, fresh: { ...optionTable.fresh, standard: 'no' } }", false],
  ['a word too many', "{ ...optionTable, reader: { ...optionTable.reader, syntax: choice('rows', 'leaf') } }", false],
  ['a setting that is none', '{ ...optionTable, wrokers: optionTable.workers }', false],
];

test('the compiler refuses a table that lacks a setting, has another, or reads values of another type', async () => {
  // Below the root, where the compiler finds the package's own settings and types.
  const folder = mkdtempSync(join(root, 'dist', 'table-'));
  try {
    for (const [i, [, table]] of variations.entries()) {
      const text = `import type { OptionTable } from '../../src/cli/options/option.js';
        import { choice, text } from '../../src/cli/options/syntax.js';
        import { optionTable } from '../../src/cli/options/table.js';
        export const used = [choice, text];
        export const table: OptionTable = ${table};`;
      writeFileSync(join(folder, `t${i}.ts`), text);
    }
    const config = {
      extends: '../../tsconfig.json',
      compilerOptions: { noEmit: true, rootDir: '../..' },
      include: ['*.ts'],
    };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
    const compiler = join(root, 'node_modules/typescript/bin/tsc');
    const run = promisify(execFile)(process.execPath, [compiler, '-p', folder], { cwd: folder });
    const output = await run.then(
      () => '',
      (error: Error & { readonly stdout: string }) => error.stdout,
    );
    assert.doesNotMatch(output, /^(?!t\d+\.ts\().*error/m);
    for (const [i, [title, , isTaken]] of variations.entries())
      assert.equal(!output.includes(`t${i}.ts(`), isTaken, `${title}: ${output}`);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
