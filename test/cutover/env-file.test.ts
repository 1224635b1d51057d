import assert from 'node:assert/strict';
import fs, { appendFileSync, existsSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { test } from 'node:test';
import { planSwitch, readEnvFile, switchEnvFile, undoSwitch } from '../../src/cutover/env-file.js';
import { withFolder } from '../support/folder.js';

const before = 'A=1\nVPS_DB_PROVIDER=sqlite\n';
const after = 'A=1\nVPS_DB_PROVIDER=postgres\n';

async function withEnvFile(use: (path: string) => void): Promise<void> {
  await withFolder((folder) => {
    const path = join(folder, '.env');
    writeFileSync(path, before, { mode: 0o604 });
    use(path);
    assert.equal(existsSync(`${path}.pgferry`), false);
  });
}

/** Lets a call of node:fs fail with this code while `use` works. */
function failing(call: 'fsyncSync' | 'writeFileSync' | 'renameSync', code: string, use: () => void): void {
  const calls = fs as unknown as Record<string, unknown>;
  const kept = calls[call];
  calls[call] = () => {
    throw Object.assign(new Error(`${code}: planted`), { code });
  };
  syncBuiltinESMExports();
  try {
    use();
  } finally {
    calls[call] = kept;
    syncBuiltinESMExports();
  }
}

test('a switch keeps mode and owner, may be done twice, and is undone byte for byte', () =>
  withEnvFile((path) => {
    const { uid, gid } = statSync(path);
    const planned = planSwitch(readEnvFile(path), 'postgres');
    switchEnvFile(planned);
    switchEnvFile(planned);
    assert.equal(readFileSync(path, 'utf8'), after);
    assert.deepEqual([statSync(path).mode & 0o777, statSync(path).uid, statSync(path).gid], [0o604, uid, gid]);
    undoSwitch(planned);
    undoSwitch(planned);
    assert.equal(readFileSync(path, 'utf8'), before);
  }));

for (const [call, code] of [
  ['writeFileSync', 'ENOSPC'],
  ['writeFileSync', 'EFBIG'],
  ['fsyncSync', 'EIO'],
  ['renameSync', 'EROFS'],
] as const) {
  test(`a disk that answers ${code} to ${call} leaves the old file, and nothing beside it`, () =>
    withEnvFile((path) => {
      const planned = planSwitch(readEnvFile(path), 'postgres');
      failing(call, code, () => {
        assert.throws(() => switchEnvFile(planned), {
          code: 'cutover.file',
          foreignCode: code,
          hint: /check the disk/,
        });
      });
      assert.equal(readFileSync(path, 'utf8'), before);
    }));
}

test('a file that was edited since it was planned is not switched, even where its time and size are the same', () =>
  withEnvFile((path) => {
    const planned = planSwitch(readEnvFile(path), 'postgres');
    const { atime, mtime } = statSync(path);
    writeFileSync(path, before.replace('A=1', 'A=2'));
    utimesSync(path, atime, mtime);
    assert.throws(() => switchEnvFile(planned), { code: 'cutover.env_edited' });
    assert.equal(readFileSync(path, 'utf8'), before.replace('A=1', 'A=2'));
  }));

test('what was edited after the switch stays when it is undone', () =>
  withEnvFile((path) => {
    const planned = planSwitch(readEnvFile(path), 'postgres');
    switchEnvFile(planned);
    appendFileSync(path, 'B=2\n');
    undoSwitch(planned);
    assert.equal(readFileSync(path, 'utf8'), `${before}B=2\n`);
  }));
