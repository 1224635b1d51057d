import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { completionScript } from '../../src/cli/completion.js';
import { commandRows } from '../../src/cli/help.js';
import { optionsOf } from '../../src/cli/options/table.js';
import { withFolder } from '../support/folder.js';
import { commandNames } from '../support/program.js';

/** What bash would offer for the last of these words. */
function offeredByBash(...words: readonly string[]): string[] {
  const script = `${completionScript('bash')}
    COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _pgferry; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr, status } = spawnSync('bash', ['-c', script, 'bash', ...words], { encoding: 'utf8' });
  assert.equal(stderr, '');
  assert.equal(status, 0);
  return stdout.split('\n').filter((line) => line !== '');
}

test('bash is offered commands, then the flags that the command has, and the values of a flag', () => {
  assert.deepEqual(offeredByBash('pgferry', 'mig'), ['migrate']);
  const all = offeredByBash('pgferry', '');
  assert.deepEqual(all, [...commandNames, 'help']);
  assert.deepEqual(offeredByBash('pgferry', 'migrate', '--reader', ''), ['auto', 'rows', 'pages']);
  assert.deepEqual(offeredByBash('pgferry', 'quarantine', 'r'), ['retry']);
  assert.deepEqual(offeredByBash('pgferry', 'control', 'th'), ['throttle']);
  assert.deepEqual(offeredByBash('pgferry', 'migrate', 'app'), [], 'files are for the shell itself');
  for (const { name } of commandRows) {
    const flags = [...optionsOf(name).map(({ flag }) => `--${flag}`), '--config'];
    assert.deepEqual(offeredByBash('pgferry', name, '--').sort(), flags.sort());
  }
});

for (const shell of ['zsh', 'fish']) {
  const isMissing = spawnSync(shell, ['-c', 'true']).status !== 0;
  test(`${shell} reads its script`, { skip: isMissing ? `${shell} is not installed` : false }, () =>
    withFolder((folder) => {
      const file = join(folder, 'completion');
      writeFileSync(file, completionScript(shell));
      const { status, stderr } = spawnSync(shell, ['-n', file], { encoding: 'utf8' });
      assert.equal(stderr, '');
      assert.equal(status, 0);
    }),
  );
}

test('the scripts of zsh and fish know every command and flag', () => {
  for (const shell of ['zsh', 'fish']) {
    const script = completionScript(shell);
    for (const { name } of commandRows) {
      assert.ok(script.includes(name), `${shell}: ${name}`);
      for (const { flag } of optionsOf(name)) assert.ok(script.includes(flag), `${shell}: ${flag}`);
    }
  }
});

test('another shell is refused with those that there are', () => {
  assert.throws(() => completionScript('tcsh'), { code: 'usage.bad_value', hint: /bash, zsh, fish/ });
});
