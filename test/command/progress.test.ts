import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { runCommand } from '../support/command.js';
import { withDatabase } from '../support/database.js';
import { makeSqlite, withFolder } from '../support/folder.js';

const rowCount = 30_000;
const rowsPerSecond = 15_000;
const columns = 80;
const rowsSql = `
  CREATE TABLE a_table_whose_name_is_too_long_for_the_end_of_the_line (id INTEGER PRIMARY KEY, name TEXT);
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${rowCount})
  INSERT INTO a_table_whose_name_is_too_long_for_the_end_of_the_line SELECT i, 'name ' || i FROM n;`;
const cli = fileURLToPath(new URL('../../src/start.js', import.meta.url));
const waitMaxMs = 180_000;

interface Screen {
  /** What stands on the screen now, line by line. */
  readonly look: () => string[];
  readonly press: (key: string) => void;
  /** Whether the cursor is shown and long lines wrap. */
  readonly flags: () => string;
}

/** Lends a real terminal in which the command runs; its last line is `done=` and the exit code. */
async function withScreen(
  folder: string,
  args: readonly string[],
  use: (screen: Screen) => Promise<void>,
): Promise<void> {
  const socket = ['-u', '-f', '/dev/null', '-S', join(folder, 'tmux')];
  const tmux = (...words: string[]) => execFileSync('tmux', [...socket, ...words], { cwd: folder, encoding: 'utf8' });
  const quote = (word: string) => `'${word.replaceAll("'", `'\\''`)}'`;
  const command = [process.execPath, cli, ...args].map(quote).join(' ');
  tmux(
    'new-session',
    '-d',
    '-x',
    String(columns),
    '-y',
    '40',
    `${command}; code=$?; trap '' INT; echo done=$code; exec sleep 600`,
  );
  try {
    await use({
      look: () => tmux('capture-pane', '-p').trimEnd().split('\n'),
      press: (key) => void tmux('send-keys', key),
      flags: () => tmux('display-message', '-p', '#{cursor_flag} #{wrap_flag}').trim(),
    });
  } finally {
    tmux('kill-server');
  }
}

/** Looks at the screen until it is as wanted; gives back every look. */
async function watch(screen: Screen, isWanted: (lines: readonly string[]) => boolean): Promise<string[][]> {
  const looks: string[][] = [];
  for (const endsAtMs = performance.now() + waitMaxMs; performance.now() < endsAtMs; await wait(100)) {
    const lines = screen.look();
    looks.push(lines);
    if (isWanted(lines)) return looks;
  }
  return assert.fail(`the screen never came to be as wanted:\n${looks.at(-1)?.join('\n')}`);
}

const isDone = (lines: readonly string[]) => lines.at(-1)?.startsWith('done=') === true;
const isLive = (line: string) => /[█░]/.test(line);

const hasTmux = spawnSync('tmux', ['-V']).status === 0;
const skip = hasTmux ? false : 'there is no tmux on this machine';

test('on a real terminal one line is rewritten, within its width, and nothing of it is left at the end', {
  skip,
}, async () => {
  await withFolder((folder) =>
    withDatabase(async (url) => {
      const at = ['--source', makeSqlite(folder, rowsSql), '--target', url];
      const args = ['migrate', ...at, '--max-rows-per-second', String(rowsPerSecond)];
      await withScreen(folder, args, async (screen) => {
        const looks = await watch(screen, isDone);
        const live = looks.map((lines) => lines.filter(isLive));
        assert.deepEqual([...new Set(live.map((lines) => lines.length))].sort(), [0, 1], 'one live line or none');
        const rows = live.flat().map((line) => {
          const match = /^ {2}[█░]+ *\d+% · ([\d ]+) of 30 000 rows( · |$)/.exec(line);
          assert.ok(match !== null && line.length < columns, line);
          return Number(match[1]?.replaceAll(' ', ''));
        });
        assert.ok(new Set(rows).size >= 3, `it moves: ${rows}`);
        assert.deepEqual(
          rows,
          [...rows].sort((a, b) => a - b),
        );
        assert.ok(live.flat().some((line) => /rows\/s · \d+ s left/.test(line)));
        const end = looks.at(-1) ?? [];
        assert.ok(end.some((line) => line.startsWith('✓ 30 000 rows in 1 table copied and verified')));
        assert.ok(end.some((line) => /^ {2}30 000 rows, .* in \d+\.\d s, [\d ]+ rows\/s$/.test(line)));
        assert.equal(end.at(-1), 'done=0');
        assert.equal(screen.flags(), '1 1', 'cursor and wrapping are back');
      });
    }),
  );
});

test('two interrupts end it at once, and the terminal gets its cursor back', { skip }, async () => {
  await withFolder((folder) =>
    withDatabase(async (url) => {
      const at = ['--source', makeSqlite(folder, rowsSql), '--target', url];
      await withScreen(folder, ['migrate', ...at, '--max-rows-per-second', '100'], async (screen) => {
        // Beside another line the bar is taken away and drawn again, and the cursor with it.
        await watch(screen, (lines) => lines.some(isLive) && screen.flags() === '0 0');
        screen.press('C-c');
        await watch(screen, (lines) => lines.some((line) => line.startsWith('! stopping at the edge of a chunk')));
        screen.press('C-c');
        const looks = await watch(screen, isDone);
        const end = looks.at(-1) ?? [];
        assert.equal(end.at(-1), 'done=130');
        assert.deepEqual(end.filter(isLive), []);
        assert.equal(screen.flags(), '1 1');
      });
    }),
  );
});

test('piped, stderr has plain lines without any escape, and stdout the result alone', async () => {
  await withFolder((folder) =>
    withDatabase(async (url) => {
      const at = ['--source', makeSqlite(folder, rowsSql), '--target', url];
      const { exitCode, stdout, stderr } = await runCommand(['migrate', ...at], { cwd: folder });
      assert.equal(exitCode, 0, stderr);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that must not be there
      assert.doesNotMatch(stdout + stderr, /[\u0000-\u0009\u000b-\u001f]/);
      const lines = stderr.trimEnd().split('\n');
      for (const line of lines) assert.match(line, /^(· |! | {2})\S/);
      assert.equal(lines[0], '· taking a private snapshot of the source');
      assert.ok(lines.some((line) => /^ {2}30 000 rows, .* in .*rows\/s$/.test(line)));
      assert.match(stdout, /^ {2}table +source +copied +target/);
      const quiet = await runCommand(['verify', ...at, '--quiet'], { cwd: folder });
      assert.equal(quiet.stderr, '');
      assert.match(quiet.stdout, /✓ identical: 30 000 rows/);
    }),
  );
});
