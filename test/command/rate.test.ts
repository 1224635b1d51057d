import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeSampleDatabase } from '../../prisma/sample.js';
import { runJson } from '../support/command.js';
import { withDatabase } from '../support/database.js';
import { withFolder } from '../support/folder.js';

const limits: readonly (readonly [
  flag: string,
  perSecond: string,
  leastMs: (sent: { rows: number; bytes: number }) => number,
])[] = [
  ['--max-rows-per-second', '4000', ({ rows }) => (rows / 4000) * 1000],
  ['--max-mbps', '12', ({ bytes }) => (bytes / (12_000_000 / 8)) * 1000],
];

for (const [flag, perSecond, leastMs] of limits) {
  test(`${flag} holds for a run of many tables that are each smaller than one block`, async () => {
    await withFolder((folder) =>
      withDatabase(async (url) => {
        const source = join(folder, 'app.db');
        makeSampleDatabase(source);
        const args = ['migrate', '--from-source', '--source', source, '--target', url, flag, perSecond];
        const { exitCode, json, stderr } = await runJson(args, { cwd: folder });
        assert.equal(exitCode, 0, stderr);
        const rows = json.tables.reduce((sum, table) => sum + table.copiedRows, 0);
        const copyMs = json.phases.find(({ name }) => name === 'copy')?.ms ?? 0;
        const wantedMs = leastMs({ rows, bytes: json.bytesCopied });
        assert.ok(wantedMs > 500, `${wantedMs} ms are long enough to tell`);
        assert.ok(copyMs >= 0.95 * wantedMs, `${copyMs} ms of copying, at least ${wantedMs} ms were due`);
      }),
    );
  });
}
