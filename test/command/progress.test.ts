import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Database } from '../../src/source/sqlite.js';
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
  readonly resize: (columns: number, rows: number) => void;
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
      resize: (width, height) => void tmux('resize-window', '-x', String(width), '-y', String(height)),
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

test('on a real terminal a few lines are rewritten, within its width, and nothing of them is left at the end', {
  skip,
}, async () => {
  await withFolder((folder) =>
    withDatabase(async (url) => {
      const at = ['--source', makeSqlite(folder, rowsSql), '--target', url];
      const args = ['migrate', ...at, '--max-rows-per-second', String(rowsPerSecond)];
      await withScreen(folder, args, async (screen) => {
        const looks = await watch(screen, isDone);
        const copying = looks.map((lines) => lines.filter((line) => / · copy, phase \d+ of \d+ · /.test(line)));
        assert.ok(
          copying.every((lines) => lines.length <= 1),
          'the screen is there once or not at all',
        );
        assert.ok(
          copying.flat().some((line) => /· about \d+ s left in all$/.test(line)),
          copying.flat().join('\n'),
        );
        const bars = looks.flat().filter((line) => /^ {2}[█░]+ *\d+% · .* of 30 000 rows/.test(line));
        for (const line of bars) assert.ok(line.length < columns, line);
        const rows = bars.map((line) => Number(/% · ([\d ]+) of/.exec(line)?.[1]?.replaceAll(' ', '')));
        assert.ok(new Set(rows).size >= 3, `it moves: ${rows}`);
        assert.deepEqual(
          rows,
          [...rows].sort((a, b) => a - b),
        );
        assert.ok(bars.some((line) => /rows\/s · \d+ s left/.test(line)));
        assert.ok(
          looks
            .flat()
            .some((line) => /^ {4}a_table_whose_name_is_too_long\S* [█░]+ *\d+% [\d ]+ of 30 000$/.test(line)),
        );
        const end = looks.at(-1) ?? [];
        assert.deepEqual(
          end.filter((line) => isLive(line) || / · \w+, phase \d/.test(line)),
          [],
        );
        assert.ok(end.some((line) => line.startsWith('✓ 30 000 rows in 1 table copied and verified')));
        assert.ok(end.some((line) => /^ {2}30 000 rows, .* in \d+\.\d s, [\d ]+ rows\/s$/.test(line)));
        assert.equal(end.at(-1), 'done=0');
        assert.equal(screen.flags(), '1 1', 'cursor and wrapping are back');
      });
    }),
  );
});

/** Small tables, and one that takes as long as the limit on rows makes it. */
const manyTablesSql = Array.from(
  { length: 300 },
  (_, i) => `CREATE TABLE table_${i} (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO table_${i} VALUES (1, 'a');`,
).join('\n');

test('300 tables on 80 × 24 leave the rest of the screen readable, also while the terminal is resized', {
  skip,
}, async () => {
  await withFolder((folder) =>
    withDatabase(async (url) => {
      const at = ['--source', makeSqlite(folder, rowsSql + manyTablesSql), '--target', url];
      const args = ['migrate', ...at, '--max-rows-per-second', '2500', '--workers', '4'];
      await withScreen(folder, args, async (screen) => {
        const heads = (lines: readonly string[]) => lines.filter((line) => /about .* left in all$/.test(line));
        screen.resize(80, 24);
        await watch(screen, (lines) => lines.some((line) => / · copy, phase/.test(line)) && lines.some(isLive));
        for (const [width, height] of [
          [50, 24],
          [30, 12],
          [100, 40],
          [80, 24],
        ] as const) {
          screen.resize(width, height);
          const looks = await watch(screen, (lines) => {
            const live = lines.filter(isLive);
            return live.length > 0 && live.every((line) => line.length < width) && heads(lines).length === 1;
          });
          const after = looks.at(-1) ?? [];
          assert.ok(after.filter(isLive).length <= height - 3, after.join('\n'));
        }
        const end = (await watch(screen, isDone)).at(-1) ?? [];
        assert.deepEqual(
          end.filter((line) => isLive(line) || heads([line]).length > 0),
          [],
          'no litter stays',
        );
        assert.equal(end.at(-1), 'done=0');
        assert.equal(screen.flags(), '1 1');
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

/** The objects on stderr. */
function eventsOf(stderr: string): Record<string, unknown>[] {
  return stderr
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

/** The phases that said how far they are, and reached their end. */
function countedPhases(stderr: string): string[] {
  const ends = eventsOf(stderr).filter(({ event, done, total }) => event === 'progress' && done === total);
  return [...new Set(ends.map(({ phase }) => String(phase)))].sort();
}

test('with --progress json every phase that takes time tells how far it is, up to its end', async () => {
  await withFolder((folder) =>
    withDatabase(async (url) => {
      const schema = `CREATE INDEX by_name ON a_table_whose_name_is_too_long_for_the_end_of_the_line (name);
        CREATE TABLE child (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES a_table_whose_name_is_too_long_for_the_end_of_the_line (id));
        INSERT INTO child VALUES (1, 1);`;
      const source = makeSqlite(folder, rowsSql + schema);
      const at = ['--source', source, '--target', url, '--progress', 'json'];
      const run = async (command: string) => {
        const { exitCode, stderr } = await runCommand([command, ...at], { cwd: folder });
        assert.equal(exitCode, 0, stderr);
        return stderr;
      };
      const migrated = await run('migrate');
      const loading = ['analyze', 'census', 'check', 'constraints', 'copy', 'indexes', 'snapshot', 'verify'];
      assert.deepEqual(countedPhases(migrated), loading);
      const copied = eventsOf(migrated)
        .filter(({ phase }) => phase === 'copy')
        .at(-1);
      assert.equal(copied?.['done'], rowCount + 1);
      assert.equal(copied?.['tablesDone'], 2);
      // Of the very bytes of the run nothing is checked or counted again.
      assert.deepEqual(countedPhases(await run('verify')), ['compare', 'snapshot']);
      const db = new Database(source);
      db.pragma('user_version = 7');
      db.close();
      assert.deepEqual(countedPhases(await run('verify')), ['census', 'check', 'compare', 'snapshot']);
      const accepted = ['census', 'check', 'compare', 'keysets', 'shadow', 'snapshot'];
      assert.deepEqual(countedPhases(await run('accept')), accepted);
    }),
  );
});

test('--metrics-file and --metrics-port show the run while it runs, and the file how it ended', async () => {
  await withFolder((folder) =>
    withDatabase(async (url) => {
      const at = ['--source', makeSqlite(folder, rowsSql), '--target', url];
      const path = join(folder, 'pgferry.prom');
      const port = await freePort();
      const args = [
        'migrate',
        ...at,
        '--max-rows-per-second',
        '6000',
        '--metrics-file',
        path,
        '--metrics-port',
        String(port),
      ];
      const running = runCommand(args, { cwd: folder });
      const isCopying = /^pgferry_phase_running\{command="migrate",phase="copy"\} 1$/m;
      let seen = '';
      for (const endsAtMs = performance.now() + waitMaxMs; performance.now() < endsAtMs && !isCopying.test(seen); )
        seen = await fetch(`http://127.0.0.1:${port}/metrics`)
          .then((answer) => answer.text())
          .catch(() => wait(50).then(() => ''));
      assert.match(seen, isCopying);
      assert.match(readFileSync(path, 'utf8'), /^pgferry_running\{command="migrate"\} 1$/m);
      assert.equal((await running).exitCode, 0);
      assert.match(readFileSync(path, 'utf8'), /^pgferry_exit_code\{command="migrate"\} 0$/m);
      assert.match(
        readFileSync(path, 'utf8'),
        /^pgferry_phase_done\{command="migrate",phase="copy",unit="rows"\} 30000$/m,
      );
      const refused = await runCommand(['plan', ...at, '--metrics-file', join(folder, 'no', 'folder')], {
        cwd: folder,
      });
      assert.equal(refused.exitCode, 2);
      assert.match(refused.stderr, /usage\.metrics/);
    }),
  );
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : assert.fail('no port');
}
