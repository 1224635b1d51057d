import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { threadCount, wholeTablesOf } from '../../src/run/load/copy-threads.js';
import { readSettings, type SettingsInput } from '../../src/cli/settings.js';
import type { Settings } from '../../src/model/settings.js';
import { CopierError, must } from '../../src/model/error.js';
import { runCommand, runJson } from '../support/command.js';
import { makeSqlite, withFolder } from '../support/folder.js';
import { checkRefusal, type Refusal } from '../support/refusal.js';

function read(parts: Partial<SettingsInput>): Settings {
  return readSettings({ command: 'migrate', flags: {}, env: {}, config: {}, ...parts });
}

/** The code, message and hint with which the settings are refused. */
function refusalOf(parts: Partial<SettingsInput>): CopierError {
  try {
    read(parts);
  } catch (error) {
    if (error instanceof CopierError) return error;
    throw error;
  }
  return assert.fail(`${JSON.stringify(parts)} was taken`);
}

test('a flag beats the environment, the environment beats the file, the file beats the standard value', () => {
  const flags = { chunkBytes: '1M' };
  const env = { CHUNK_BYTES: '2M' };
  const config = { chunkBytes: '3M' };
  const MiB = 1024 * 1024;
  assert.equal(read({ flags, env, config }).chunkBytes, MiB);
  assert.equal(read({ env, config }).chunkBytes, 2 * MiB);
  assert.equal(read({ config }).chunkBytes, 3 * MiB);
  assert.equal(read({}).chunkBytes, null);
});

test('of two variables for one setting the first counts, and an empty one is one that was not set', () => {
  const env = { POSTGRES_DATABASE_URL: 'postgres://a@b/c', PG_URL: 'postgres://d@e/f' };
  assert.equal(read({ env }).targetUrl, 'postgres://a@b/c');
  assert.equal(read({ env: { PG_URL: 'postgres://d@e/f' } }).targetUrl, 'postgres://d@e/f');
  assert.equal(read({ env: { ...env, POSTGRES_DATABASE_URL: '' } }).targetUrl, 'postgres://d@e/f');
  assert.equal(read({ env: { SQLITE_DB_PATH: '' } }).sourcePath, 'prisma/dev.db');
});

test('switches, sizes and lists are read in every way in which people write them', () => {
  for (const text of ['1', 'true', 'YES', 'on']) assert.equal(read({ env: { FRESH: text } }).fresh, true);
  for (const text of ['0', 'false', 'No', 'off']) assert.equal(read({ env: { FRESH: text } }).fresh, false);
  assert.equal(read({ flags: { blockBytes: '64k' } }).blockBytes, 65_536);
  assert.equal(read({ flags: { chunkBytes: '1G' } }).chunkBytes, 1024 ** 3);
  assert.deepEqual(read({ flags: { tables: ' a, b ,c' } }).tables, ['a', 'b', 'c']);
  assert.deepEqual(read({ config: { tables: ['a', 'b'], keepConstraints: true, workers: 3 } }).tables, ['a', 'b']);
});

test('a variable with our prefix beats the same one without, and a flag beats both', () => {
  const env = { WORKERS: '2', PGFERRY_WORKERS: '3', PG_URL: 'postgres://a@b/c', PGFERRY_PG_URL: 'postgres://d@e/f' };
  assert.equal(read({ env }).workers, 3);
  assert.equal(read({ env }).targetUrl, 'postgres://d@e/f');
  assert.equal(read({ env: { ...env, PGFERRY_WORKERS: '' } }).workers, 2);
  assert.equal(read({ env, flags: { workers: '4' } }).workers, 4);
});

test('a cutover moves every table, whatever TABLES was last set to for a copy', () => {
  const parts: Partial<SettingsInput> = { env: { TABLES: 'a' }, config: { tables: ['b'] } };
  assert.deepEqual(read({ ...parts, command: 'cutover' }).tables, []);
  assert.deepEqual(read({ ...parts, command: 'accept' }).tables, ['a']);
});

test('connections follow workers unless they are given', () => {
  assert.equal(read({ flags: { workers: '7' } }).connections, 7);
  assert.equal(read({ flags: { workers: '7', connections: '2' } }).connections, 2);
});

const refused: readonly (readonly [parts: Partial<SettingsInput>, code: string, says: RegExp])[] = [
  [{ flags: { workers: '0' } }, 'usage.bad_value', /--workers cannot be "0"/],
  [{ flags: { workers: '1.5' } }, 'usage.bad_value', /--workers cannot be "1\.5"/],
  [{ flags: { workers: '257' } }, 'usage.bad_value', /--workers cannot be "257"/],
  [{ flags: { connections: '-1' } }, 'usage.bad_value', /--connections/],
  [{ env: { CHUNK_BYTES: '1k' } }, 'usage.bad_value', /CHUNK_BYTES cannot be "1k"/],
  [{ env: { CHUNK_BYTES: '1x' } }, 'usage.bad_value', /CHUNK_BYTES/],
  [{ env: { PGFERRY_CHUNK_BYTES: '1x' } }, 'usage.bad_value', /PGFERRY_CHUNK_BYTES/],
  [{ flags: { blockBytes: '17M' } }, 'usage.bad_value', /--block-bytes/],
  [{ flags: { maxMbps: '0' } }, 'usage.bad_value', /--max-mbps cannot be "0"/],
  [{ flags: { maxRowsPerSecond: 'fast' } }, 'usage.bad_value', /--max-rows-per-second cannot be "fast"/],
  [{ flags: { maxMbps: ' ' } }, 'usage.bad_value', /--max-mbps/],
  [{ flags: { reader: 'fast' } }, 'usage.bad_value', /--reader cannot be "fast"/],
  [{ env: { COPY_FORMAT: 'csv' } }, 'usage.bad_value', /COPY_FORMAT cannot be "csv"/],
  [{ env: { TRUNCATE_TARGET: 'maybe' } }, 'usage.bad_value', /TRUNCATE_TARGET cannot be "maybe"/],
  [{ flags: { memoryLimitMb: '10' } }, 'usage.bad_value', /--memory-limit cannot be "10"/],
  [{ config: { workers: 'many' } }, 'usage.bad_value', /config key workers cannot be "many"/],
  [{ config: { workers: Number.NaN } }, 'usage.bad_value', /config key workers/],
  [{ config: { workers: true } }, 'usage.bad_value', /config key workers cannot be true or false/],
  [{ config: { tables: [1] } }, 'usage.bad_value', /config key tables cannot be a list/],
  [{ config: { targetUrl: { url: 'x' } } }, 'usage.bad_value', /config key targetUrl cannot be an object/],
  [{ config: { wrokers: 1, fromat: 'x' } }, 'usage.config_key', /unknown settings: "wrokers", "fromat"/],
  [{ flags: { tables: 'a', exclude: 'b' } }, 'usage.combination', /--tables and --exclude/],
  [{ flags: { tables: 'a' }, env: { EXCLUDE: 'b' } }, 'usage.combination', /--tables and --exclude/],
  [{ flags: { allowSentinel: true, format: 'text' } }, 'usage.combination', /--allow-sentinel needs --format binary/],
  [{ flags: { tables: ' , ' } }, 'usage.empty_value', /--tables names no table/],
  [{ flags: { sourcePath: '' } }, 'usage.empty_value', /--source is empty/],
  [{ flags: { nullSentinel: '' } }, 'usage.empty_value', /--null-sentinel is empty/],
  [{ env: { NULL_SENTINEL: '' } }, 'usage.empty_value', /NULL_SENTINEL is empty/],
  [{ config: { nullSentinel: '' } }, 'usage.empty_value', /config key nullSentinel is empty/],
  [{ flags: { nullSentinel: 'a\tb' } }, 'usage.sentinel', /has a tab, a line break, a NUL or a backslash/],
  [{ flags: { nullSentinel: 'a\\b' } }, 'usage.sentinel', /backslash/],
];

for (const [parts, code, says] of refused) {
  test(`settings ${JSON.stringify(parts)} are a matter of usage, named with where they came from`, () => {
    const error = refusalOf(parts);
    assert.equal(error.code, code);
    assert.equal(error.exitCode, 2);
    assert.match(error.message, says);
    assert.notEqual(error.hint, '');
  });
}

test('a setting that is not for the command is checked neither in the environment nor in the file', () => {
  const parts = { command: 'status', env: { WORKERS: 'many' }, config: { chunkBytes: 'none' } } as const;
  assert.equal(read(parts).chunkBytes, null);
});

test('a memory limit takes threads away, and one that is too small for one thread is refused with what it needs', () => {
  const count = (memoryLimitMb: string, blockBytes = '256k') =>
    threadCount(read({ flags: { memoryLimitMb, blockBytes, workers: '8' } }));
  assert.equal(threadCount(read({ flags: { workers: '8' } })), 8);
  assert.equal(count('100000'), 8);
  const counts = ['230', '300', '400', '500', '600'].map((limit) => count(limit));
  assert.equal(counts[0], 1);
  for (const [i, threads] of counts.slice(1).entries()) assert.ok(threads >= (counts[i] ?? 0) && threads <= 8);
  assert.ok((counts.at(-1) ?? 0) > 2);
  assert.ok(count('600', '16M') < count('600'), 'larger blocks leave room for fewer threads');
  assert.throws(() => count('150'), { code: 'usage.memory_limit', hint: /at least \d+ MB/ });
  const needed = /at least (\d+) MB/.exec(String(catchHint(() => count('150'))))?.[1] ?? '';
  assert.equal(count(needed), 1);
});

function catchHint(use: () => unknown): string | null {
  try {
    use();
    return null;
  } catch (error) {
    return error instanceof CopierError ? error.hint : null;
  }
}

const lines: readonly (readonly [title: string, args: readonly string[], refusal: Refusal])[] = [
  [
    'a bad number',
    ['migrate', '--workers', 'x'],
    { code: 'usage.bad_value', says: /--workers cannot be "x"/, hint: /whole number from 1 to 256/ },
  ],
  [
    'an empty sentinel',
    ['copy', '--null-sentinel', ''],
    { code: 'usage.empty_value', says: /--null-sentinel is empty/, hint: /occurs nowhere in the data/ },
  ],
  [
    'a memory limit too small',
    ['migrate', '--source', 'app.db', '--memory-limit', '150'],
    { code: 'usage.memory_limit', says: /--memory-limit 150 is too small/, hint: /at least \d+ MB/ },
  ],
  [
    'a config file that is not there',
    ['plan', '--config', 'none.json'],
    { code: 'usage.config_unreadable', says: /config file none\.json cannot be read/, hint: /--config/ },
  ],
  [
    'a config file that is no JSON',
    ['plan', '--config', 'broken.json'],
    { code: 'usage.config_json', says: /config file broken\.json is not valid JSON/, hint: /mend the file/ },
  ],
  [
    'a config file that is no object',
    ['plan', '--config', 'list.json'],
    { code: 'usage.config_json', says: /list\.json does not hold a JSON object/, hint: /write it as/ },
  ],
  [
    'a config file with an unknown key',
    ['plan', '--config', 'key.json'],
    { code: 'usage.config_key', says: /unknown settings: "targetURL"/, hint: /known settings: sourcePath, targetUrl/ },
  ],
];

test('what is wrong on the command line or in the config file ends with 2 before anything is touched', async (t) => {
  await withFolder(async (folder) => {
    makeSqlite(folder, 'CREATE TABLE t (id INTEGER PRIMARY KEY)');
    writeFileSync(join(folder, 'broken.json'), '{ "targetUrl": "x", "password": SECRET }');
    writeFileSync(join(folder, 'list.json'), '[]');
    writeFileSync(join(folder, 'key.json'), '{ "targetURL": "postgres://u:SECRET@h/d" }');
    const before = readdirSync(folder);
    for (const [title, args, refusal] of lines) {
      await t.test(title, async () => {
        const json = await checkRefusal(args, { cwd: folder }, refusal);
        assert.doesNotMatch(JSON.stringify(json), /SECRET/);
        assert.deepEqual(readdirSync(folder), before);
      });
    }
  });
});

test('a mistake in a config file is reported with its position where the parser gives one, but never its text', async () => {
  await withFolder(async (folder) => {
    writeFileSync(join(folder, 'c.json'), '{\n "targetUrl": "postgres://u:SECRET@h/d"\n "workers": 1 }');
    const { stderr } = await runCommand(['plan', '--config', 'c.json'], { cwd: folder });
    assert.match(stderr, /c\.json is not valid JSON \(see line 3, column 2: comma expected\)/);
    assert.doesNotMatch(stderr, /SECRET|postgres/);
  });
});

const misspelled: readonly (readonly [title: string, args: readonly string[], says: RegExp])[] = [
  ['an unknown flag', ['migrate', '--targte=postgres://u:SECRET@h/d'], /unknown option '--targte=…'/],
  ['a url in place of a command', ['postgresql://u:SECRET@h/d'], /unknown command 'postgresql:\/\/…@h\/d'/],
  ['a word too many', ['migrate', 'a.db', 'postgres://h/d', 'postgres://u:SECRET@h/d'], /too many arguments/],
];

for (const [title, args, says] of misspelled) {
  test(`${title} is named without the secret that it may hold`, async () => {
    await withFolder(async (folder) => {
      const { exitCode, json, stderr } = await runJson(args, { cwd: folder });
      assert.equal(exitCode, 2);
      assert.equal(json.ok, false);
      assert.equal(json.error?.code, 'usage.command_line');
      assert.match(json.error?.message ?? '', says);
      assert.match(stderr, says);
      assert.match(json.error?.hint ?? '', /pgferry help/);
      assert.doesNotMatch(JSON.stringify(json) + stderr, /SECRET/);
      assert.deepEqual(readdirSync(folder), []);
    });
  });
}

const streams: readonly [flags: SettingsInput['flags'], expected: number | null][] = [
  [{ workers: '4' }, 4],
  [{ workers: '4', connections: '2' }, 2],
  [{ workers: '4', chunkBytes: '16M' }, null],
  [{ workers: '4', maxMbps: '100' }, null],
  [{ workers: '4', maxRowsPerSecond: '1000' }, null],
];

for (const [flags, expected] of streams) {
  test(`with ${JSON.stringify(flags)} tables ${expected === null ? 'stay cut' : `may go whole, over ${expected} streams`}`, () => {
    assert.equal(wholeTablesOf(read({ flags }), true, 8)?.streams ?? null, expected);
  });
}

test('a machine that one stream keeps busy, the server included, sends tables whole; one with the server elsewhere does not', () => {
  const streams = (isLocal: boolean, cores: number) =>
    wholeTablesOf(read({ flags: { workers: '4' } }), isLocal, cores)?.streams;
  assert.deepEqual([streams(true, 1), streams(true, 2), streams(true, 3), streams(false, 2)], [1, 1, 4, 4]);
});

test('a second core stores what the first one sends of long rows', () => {
  const streams = (isLocal: boolean, cores: number) =>
    wholeTablesOf(read({ flags: { workers: '4' } }), isLocal, cores)?.streamsOfLongRows;
  assert.deepEqual([streams(true, 1), streams(true, 2), streams(true, 3), streams(false, 1)], [1, 4, 4, 4]);
});

test('beyond a network a table goes whole only where less may be lost', () => {
  const bytesMax = (isLocal: boolean) => must(wholeTablesOf(read({}), isLocal), 'whole tables').bytesMax;
  assert.equal(bytesMax(true), 4 * 1024 ** 3);
  assert.equal(bytesMax(false), 512 * 1024 ** 2);
});
