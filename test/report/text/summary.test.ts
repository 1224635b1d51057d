import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Finding } from '../../../src/model/plan.js';
import type { Difference, RunResult, TableReport } from '../../../src/model/result.js';
import type { WireError } from '../../../src/model/wire.js';
import { describeFinding, describeFindings } from '../../../src/report/text/findings-text.js';
import { describeDifference, describeError, summarize } from '../../../src/report/text/summary.js';

function finding(parts: Partial<Finding> = {}): Finding {
  return {
    severity: 'note',
    code: 'plan.name',
    table: null,
    column: null,
    key: null,
    message: 'said',
    hint: 'do',
    ...parts,
  };
}

function table(parts: Partial<TableReport> = {}): TableReport {
  return {
    table: 't',
    sourceRows: 1000,
    copiedRows: 1000,
    quarantinedRows: 0,
    targetRows: 1000,
    keyset: { source: 'a', target: 'a' },
    columns: [
      {
        column: 'c',
        nulls: { source: 0, target: 0 },
        empty: { source: 0, target: 0 },
        fingerprint: { source: 'f', target: 'f' },
      },
    ],
    ok: true,
    ...parts,
  };
}

function result(parts: Partial<RunResult> = {}): RunResult {
  return {
    ok: true,
    command: 'migrate',
    runId: 'abc',
    runDir: '/run/dir',
    durationMs: 1500,
    tables: [table()],
    findings: [],
    phases: [
      { name: 'copy', ms: 900 },
      { name: 'verify', ms: 12 },
    ],
    source: '/srv/app.db',
    target: 'postgresql://app@db:5432/app?schema=public',
    snapshot: {
      path: '/run/dir/s.db',
      sourcePath: '/srv/app.db',
      bytes: 152_000,
      sha256: 'ab'.repeat(32),
      takenAt: '',
    },
    chunksResumed: 0,
    chunksCopied: 2,
    bytesCopied: 10,
    differences: [],
    objects: [],
    ...parts,
  };
}

const phaseNames = [
  'snapshot',
  'check',
  'census',
  'init',
  'plan',
  'copy',
  'indexes',
  'constraints',
  'compare',
] as const;

test('a good run ends with its tables, one verdict, and where everything is', () => {
  assert.deepEqual(summarize(result()).split('\n'), [
    '  table  source  copied  target  keys  values  verdict',
    '  t       1 000   1 000   1 000  same  same    ok',
    '',
    '✓ 1 000 rows in 1 table copied and verified in 1.5 s',
    '  snapshot   /run/dir/s.db (152 kB, sha256 abababababababab…)',
    '  source     /srv/app.db',
    '  target     postgresql://app@db:5432/app?schema=public',
    '  record     /run/dir',
    '  time       copy 900 ms · verify 12 ms',
    '',
  ]);
});

test('the times of many phases are folded between phases, before a usual terminal breaks them', () => {
  const phases = phaseNames.map((name, at) => ({ name, ms: 100 * 3 ** at }));
  const lines = summarize(result({ phases })).split('\n');
  const from = lines.findIndex((line) => line.startsWith('  time '));
  const times = lines.slice(from, -1);
  assert.ok(times.length > 1 && times.every((line) => line.length <= 79), times.join('\n'));
  const told = times.map((line) => line.slice(13).replace(/ ·$/, '')).join(' · ');
  assert.deepEqual(
    told.split(' · ').map((part) => part.split(' ')[0]),
    phaseNames,
  );
});

test('a resumed run tells what was there already', () => {
  assert.match(
    summarize(result({ chunksResumed: 1200 })),
    /resumed {4}1 200 chunks were already there, 2 were copied now/,
  );
});

test('verify speaks of comparing, and shows no copied rows and no snapshot', () => {
  const text = summarize(result({ command: 'verify' }));
  assert.match(text, /^ {2}table {2}source {2}target {2}keys/);
  assert.match(text, /✓ identical: 1 000 rows in 1 table, every value compared, in 1\.5 s/);
  assert.doesNotMatch(text, /snapshot/);
});

test('what differs is marked in the table, listed with both values, and reported once', () => {
  const column = {
    column: 'name',
    nulls: { source: 1, target: 2 },
    empty: { source: 0, target: 0 },
    fingerprint: { source: '', target: '' },
  };
  const differences: Difference[] = [
    { table: 't', key: 'id=1', kind: 'changed', column: 'name', source: "'a'", target: null },
    { table: 't', key: 'id=2', kind: 'missing', column: null, source: null, target: null },
  ];
  const text = summarize(
    result({
      ok: false,
      command: 'verify',
      tables: [table({ ok: false, keyset: { source: 'a', target: 'b' }, columns: [column] })],
      differences,
      findings: [
        finding({ code: 'verify.changed', severity: 'error', message: 'told above' }),
        finding({ code: 'verify.more', severity: 'warning', message: 'there are more' }),
      ],
    }),
  );
  assert.match(text, /DIFFERS {2}differ: name {2}DIFFERS/);
  assert.match(text, /^ {2}t id=1, name: source 'a', target NULL$/m);
  assert.match(text, /^ {2}t id=2: missing on the target$/m);
  assert.match(text, /! there are more/);
  assert.doesNotMatch(text, /told above/);
  assert.match(text, /✗ the two sides differ \(1 table compared in 1\.5 s\)/);
});

test('every kind of difference has its words', () => {
  const words = { missing: 'missing on the target', extra: 'on the target only', repeated: 'more than once' } as const;
  for (const kind of ['missing', 'extra', 'repeated'] as const) {
    const text = describeDifference({ table: 't', key: 'id=1', kind, column: null, source: null, target: null });
    assert.equal(text, `t id=1: ${words[kind]}`);
  }
});

test('findings come by weight, each with its location, code and next step', () => {
  const list = [
    finding({ severity: 'note', message: 'a note', hint: '' }),
    finding({ severity: 'warning', table: 't', message: 'a warning' }),
    finding({ severity: 'error', table: 't', column: 'c', key: 'id=1', message: 'an error' }),
  ];
  assert.deepEqual(describeFindings(list).split('\n'), [
    '  ✗ t.c (id=1): an error [plan.name]',
    '      → do',
    '  ! t: a warning [plan.name]',
    '      → do',
    '  · a note [plan.name]',
  ]);
});

test('findings of one kind are folded with their number and locations, and a person can see each', () => {
  const warnings = Array.from({ length: 9 }, (_, i) =>
    finding({ severity: 'warning', code: 'plan.zone', table: `t${i}`, message: 'no zone' }),
  );
  const notes = Array.from({ length: 300 }, (_, i) =>
    finding({ table: `t${i}`, column: 'c', message: 'wide', hint: '' }),
  );
  const lines = describeFindings([...notes, ...warnings]).split('\n');
  assert.deepEqual(lines.slice(6), [
    '  ! 6 more of this kind, at t3, t4, t5, t6 and 2 other locations; --all shows each [plan.zone]',
    '  · t0.c: wide [plan.name]',
    '  · 299 more of this kind, at t1.c, t2.c, t3.c, t4.c and 295 other locations; --all shows each [plan.name]',
  ]);
  const all = describeFindings([...notes, ...warnings], true);
  for (const { table } of notes) assert.match(all, new RegExp(`· ${table}\\.c: wide`));
  assert.doesNotMatch(all, /more of this kind/);
});

test('a page of many tables shows what needs attention, and one line for the rest', () => {
  const tables = Array.from({ length: 300 }, (_, i) => table({ table: `t${i}`, sourceRows: 20, ok: i !== 7 }));
  const held = table({ table: 'held', quarantinedRows: 3 });
  const text = summarize(result({ ok: false, tables: [...tables, held] }));
  assert.match(text, /^ {2}t7 .*DIFFERS$/m);
  assert.match(text, /^ {2}held /m);
  assert.doesNotMatch(text, /^ {2}t8 /m);
  assert.match(text, /^ {2}299 more tables, 5 980 rows: all ok \(--all shows each\)$/m);
  assert.match(summarize(result({ tables }), true), /^ {2}t299 /m);
});

test('nothing of a hostile name reaches the terminal, from no part of the page', () => {
  const evil = 'x\u001b[2J\u009b31m\n\u202e';
  const hostile = finding({ severity: 'error', table: evil, column: evil, key: evil, message: evil, hint: evil });
  const error: WireError = {
    code: 'data.x',
    message: evil,
    hint: evil,
    table: evil,
    column: evil,
    key: evil,
    exitCode: 23,
    foreignCode: null,
    stack: null,
  };
  const pages = [
    describeFindings([hostile]),
    describeFinding(hostile),
    describeError(error),
    describeDifference({ table: evil, key: evil, kind: 'changed', column: evil, source: "'a'", target: "'b'" }),
    summarize(
      result({
        source: evil,
        target: evil,
        runDir: evil,
        tables: [table({ table: evil })],
        findings: [hostile],
        snapshot: { path: evil, sourcePath: evil, bytes: 1, sha256: 'ab', takenAt: '' },
      }),
    ),
  ];
  for (const page of pages) {
    assert.ok(page.includes('x\\u001b[2J'), page);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that must not be there
    assert.doesNotMatch(page, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
    assert.doesNotMatch(page, /31m\n/);
  }
});

test('a column whose value was found to differ is named though its sums agree, and no table that differs is called the same', () => {
  const changed: Difference = { table: 't', key: 'id=1', kind: 'changed', column: 'c', source: '1', target: '2' };
  const missing: Difference = { table: 't', key: 'id=2', kind: 'missing', column: null, source: null, target: null };
  const page = (differences: readonly Difference[]) =>
    summarize(result({ command: 'verify', ok: false, tables: [table({ ok: false })], differences }));
  assert.match(page([missing, changed]), /same {2}differ: c {2}DIFFERS/);
  assert.match(page([missing]), /same {2}– {7}DIFFERS/);
});
