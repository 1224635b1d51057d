import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeStatus } from '../../../src/report/text/status-text.js';
import type { RunStatus } from '../../../src/model/status.js';

type KnownRun = NonNullable<RunStatus['run']>;

const target = 'postgresql://app@db:5432/app?schema=public';
const run: KnownRun = {
  runId: 'abc',
  state: 'copying',
  sourcePath: '/srv/app\u001b[2J.db',
  snapshotPath: '/srv/run/sqlite-precutover.db',
  snapshotSha256: '00',
  snapshotTakenAt: '2026-01-02T03:04:05.000Z',
  startedAt: '2026-01-02T03:04:06.000Z',
  updatedAt: '2026-01-02T03:05:00.000Z',
  finishedAt: null,
  host: 'box',
  pid: 77,
  toolVersion: '1.2.3',
  compared: null,
  waived: [],
  configured: [],
  chunksDone: 3,
  chunksTotal: 1200,
  rowsDone: 5000,
  rowsTotal: 1_000_000,
  objectsMissing: [{ kind: 'index', table: 'user', name: 'user_name\n' }],
  tablesClosed: 2,
};

test('without a run it says so and names the next step', () => {
  assert.equal(
    describeStatus({ target, run: null, follow: null, cutover: null }),
    `no run of pgferry is recorded in ${target}\n  → run \`pgferry migrate\`\n`,
  );
});

test('an unfinished run tells how far it is, what is missing, and how to go on', () => {
  const lines = describeStatus({ target, run, follow: null, cutover: null }).split('\n');
  assert.deepEqual(lines.slice(0, -2), [
    'run abc: copying',
    '  rows       5 000 of 1 000 000 in 3 of 1 200 chunks',
    '  source     /srv/app\\u001b[2J.db',
    `  target     ${target}`,
    '  snapshot   /srv/run/sqlite-precutover.db of 2026-01-02T03:04:05.000Z',
    '  started    2026-01-02T03:04:06.000Z by pid 77 on box, pgferry 1.2.3',
    '  last seen  2026-01-02T03:05:00.000Z',
    '  missing    index user_name\\n of user',
    '  closed     2 tables to other writers until the run has ended',
  ]);
  assert.match(lines.at(-2) ?? '', /^ {2}→ run the same command again to go on; finished chunks are not sent twice/);
});

const nextSteps: readonly (readonly [KnownRun['state'], RegExp])[] = [
  ['finishing', /run the same command again to go on with indexes/],
  ['complete', /the application was switched .*, so no round or repair goes on from it; `pgferry verify`/],
  ['failed', /the sides differed, in rows or in the schema: .* --fresh/],
  ['abandoned', /run `pgferry migrate` to begin anew/],
];

for (const [state, wanted] of nextSteps) {
  test(`a run that is ${state} tells its own next step`, () => {
    const text = describeStatus({
      target,
      run: { ...run, state, finishedAt: '2026-01-02T04:00:00.000Z' },
      follow: null,
      cutover: null,
    });
    assert.match(text, new RegExp(`^run abc: ${state}$`, 'm'));
    assert.match(text, /^ {2}finished {3}2026-01-02T04:00:00\.000Z$/m);
    assert.match(text, wanted);
  });
}

test('a complete run tells what the target shows, how old that is, and what the last round was', () => {
  const follow = {
    rounds: 3,
    showsSourceOf: '2026-01-02T05:00:00.000Z',
    behindSeconds: 65,
    isSourceChanged: true,
    grownBytes: -8192,
    logBytes: 4_120_032,
    lastRows: 1200,
    lastMs: 840,
    snapshotPath: '/srv/run/follow-0003.db',
    isSnapshotThere: false,
  };
  const text = describeStatus({ target, run: { ...run, state: 'complete' }, follow, cutover: null });
  assert.match(
    text,
    /shows {6}the source of 2026-01-02T05:00:00.000Z, 1 min 05 s ago; the source was written since; its snapshot is not/,
  );
  assert.match(
    text,
    /behind {5}the file is 8.2 kB smaller, with 4.1 MB in its -wal; `pgferry follow --dry-run` counts the rows/,
  );
  assert.match(text, /rounds {5}3, the last of 1 200 rows in 840 ms/);
  assert.match(text, /`pgferry follow` brings .* `pgferry verify`/);
});
