import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { installationOf, installCommand, packageFolder, scriptCommand } from '../../src/platform/installation.js';
import { withFolder } from '../support/folder.js';

test('each way to install has the command that works there', async () => {
  await withFolder((folder) => {
    writeFileSync(join(folder, 'package.json'), '{}');
    const npm = join(folder, 'node_modules/pgferry');
    mkdirSync(npm, { recursive: true });
    const rows: readonly (readonly [string, string, string])[] = [
      ['/srv/pgferry', 'clone', "npm install --no-save --prefix '/srv/pgferry' x@1"],
      [npm, 'npm', `npm install --prefix '${folder}' x@1`],
      ['/usr/lib/node_modules/pgferry', 'global', "npm install -g --prefix '/usr' x@1"],
      ['/home/a/.npm/_npx/5c/node_modules/pgferry', 'npx', 'npx -p pgferry -p x@1 pgferry …'],
      ['/srv/app/node_modules/.pnpm/pgferry@1/node_modules/pgferry', 'pnpm', 'pnpm add x@1'],
    ];
    for (const [path, installation, command] of rows) {
      assert.equal(installationOf(path), installation, path);
      assert.equal(installCommand('x@1', path), command, path);
    }
  });
});

test('this is a clone', () => {
  assert.equal(installationOf(packageFolder), 'clone');
});

test('a skipped script is run in the folder of its package', () => {
  assert.equal(scriptCommand("/a b/it's", 'install'), `npm --prefix '/a b/it'\\''s' run install`);
});
