import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { root } from '../support/page.js';

const written: readonly (readonly [policies: string, isTaken: boolean])[] = [
  ["{ nul_byte: { convert: 'strip' }, orphan: 'quarantine', '*': 'fail' }", true],
  ["{ too_long: { convert: 'truncate' } }", true],
  ["{ too_long: { convert: 'strip' } }", false],
  ["{ too_long: { convert: 'default', value: 'x' } }", true],
  ["{ too_long: { convert: 'null', value: 'x' } }", false],
  ["{ sentinel: { convert: 'default' } }", false],
  ["{ duplicate_key: { convert: 'null' } }", false],
  ["{ '*': { convert: 'null' } }", false],
  ["{ nul_bite: 'fail' }", false],
  ["{ orphan: 'ignore' }", false],
];

test('policies are typed by hazard: another hazard, or a conversion that it has not, does not compile', async () => {
  const folder = mkdtempSync(join(root, 'dist', 'rules-'));
  try {
    for (const [i, [policies]] of written.entries()) {
      const text = `import type { MigrateOptions, Policies } from '../../src/pgferry.js';
        export const policies: Policies = ${policies};
        export const options: MigrateOptions = { sourcePath: 'a', targetUrl: 'b', policies };`;
      writeFileSync(join(folder, `t${i}.ts`), text);
    }
    const options = { noEmit: true, rootDir: '../..' };
    const config = { extends: '../../tsconfig.json', compilerOptions: options, include: ['*.ts'] };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
    const compiler = join(root, 'node_modules/typescript/bin/tsc');
    const output = await promisify(execFile)(process.execPath, [compiler, '-p', folder], { cwd: folder }).then(
      () => '',
      (error: Error & { readonly stdout: string }) => error.stdout,
    );
    for (const [i, [policies, isTaken]] of written.entries())
      assert.equal(!output.includes(`t${i}.ts(`), isTaken, `${policies}: ${output}`);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
