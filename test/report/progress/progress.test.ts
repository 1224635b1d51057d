import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import type { RunEvent, TableProgress } from '../../../src/model/event.js';
import { openDisplay } from '../../../src/report/progress/progress.js';
import { copiedLine, progressLine, screenLines } from '../../../src/report/progress/progress-text.js';
import { RunProgress } from '../../../src/report/progress/run-progress.js';
import { displayWidth } from '../../../src/report/units.js';
import { copying, migrationInCopy, runOf } from './events.js';

const esc = String.fromCharCode(27);
const wide = { columns: 120, rows: 40 };

test('the piped line tells the phase, rows, bytes, rate, time left, tables done and in work, and the time left in all', () => {
  assert.match(
    progressLine(migrationInCopy().view()) ?? '',
    /^copy: 12 345 678 of 45 000 000 rows · 1\.2 GB · 1 234 568 rows\/s · 27 s left · 3\/14 tables · Host, User · about 5\d s left in all$/,
  );
});

test('what is not known yet is left out, and a standstill says so', () => {
  const early = runOf('migrate', [
    [0, { tag: 'phase-begin', name: 'copy' }],
    [0, { tag: 'progress', progress: copying({ tables: [] }) }],
  ]);
  assert.equal(progressLine(early.view()), 'copy: 12 345 678 of 45 000 000 rows · 1.2 GB · 3/14 tables');
  const still = runOf('migrate', [
    [0, { tag: 'phase-begin', name: 'copy' }],
    [0, { tag: 'progress', progress: copying() }],
    [40, { tag: 'progress', progress: copying() }],
  ]);
  assert.match(progressLine(still.view()) ?? '', /time left unknown .* · waits: nothing moved for 30 s: Host, User$/);
});

test('only three tables in work are named on a line', () => {
  const tables = ['a', 'b', 'c', 'd'].map((table) => ({ table, done: 1, total: 2 }));
  assert.match(progressLine(migrationInCopy({ tables }).view()) ?? '', / · a, b, c … · /);
});

test('the screen shows the run as a whole, the phase, and a bar for each table in work', () => {
  const lines = screenLines(migrationInCopy().view(), wide);
  assert.match(lines[0] ?? '', /^ {2}migrate · copy, phase 4 of 10 · 30 s · about 5\d s left in all$/);
  assert.match(
    lines[1] ?? '',
    /^ {2}█+░+ {2}27% · 12 345 678 of 45 000 000 rows · 1\.2 GB · 1 234 568 rows\/s · 27 s left · 3\/14 tables$/,
  );
  assert.deepEqual(lines.slice(2), [
    `    Host${' '.repeat(28)} ███░░░░░░░░░  25% 2 000 000 of 8 000 000`,
    `    User${' '.repeat(28)} ████████████  99% 345 678 of 345 679`,
  ]);
});

test('phases that run beside each other have a line each, and a wait has one', () => {
  const run = runOf('migrate', [
    [0, { tag: 'phase-begin', name: 'check' }],
    [0, { tag: 'phase-begin', name: 'dump' }],
    [0, { tag: 'phase-begin', name: 'census' }],
    [1, { tag: 'progress', progress: { ...copying({ tables: [], bytes: null }), phase: 'check', unit: 'bytes' } }],
    [1, { tag: 'progress', progress: { ...copying({ tables: [], bytes: null, tablesTotal: 0 }), phase: 'census' } }],
    [
      1,
      {
        tag: 'progress',
        progress: { ...copying({ tables: [], total: null, tablesTotal: 0 }), phase: 'dump', unit: 'bytes' },
      },
    ],
    [2, { tag: 'waiting', message: `held ${esc}[2J` }],
  ]);
  const lines = screenLines(run.view(), wide);
  assert.equal(lines.length, 5);
  assert.ok(lines.some((line) => line.startsWith('  dump · 12.3 MB')));
  assert.equal(lines.at(-1), '  waits: held \\u001b[2J');
});

/** Many tables, some with names that are hard to draw. */
function manyTables(count: number): TableProgress[] {
  const names = ['n'.repeat(300), '数'.repeat(200), '🚀'.repeat(90), `x${esc}[2J\n`];
  return Array.from({ length: count }, (_, i) => ({ table: names[i % 5] ?? `table_${i}`, done: i, total: count }));
}

for (const [columns, rows] of [
  [200, 60],
  [80, 24],
  [40, 10],
  [20, 5],
  [10, 2],
] as const) {
  test(`on a terminal of ${columns} × ${rows} three hundred tables in work leave room, and no line wraps`, () => {
    const lines = screenLines(migrationInCopy({ tables: manyTables(300), tablesTotal: 900 }).view(), { columns, rows });
    assert.ok(lines.length >= 1 && lines.length <= Math.max(1, Math.min(14, rows - 3)), String(lines.length));
    for (const line of lines) {
      assert.ok(displayWidth(line) < columns, `${displayWidth(line)}: ${line}`);
      assert.ok(!line.includes(esc) && !line.includes('\n'));
    }
    if (rows >= 24) assert.match(lines.at(-1) ?? '', /^ {4}and 2\d\d tables more in work$/);
  });
}

test('the bar is empty at the start, full at the end, and never beyond', () => {
  const bar = (done: number, total: number) => screenLines(migrationInCopy({ done, total }).view(), wide)[1] ?? '';
  assert.match(bar(0, 10), /^ {2}░+ {3}0% /);
  assert.match(bar(10, 10), /^ {2}█+ 100% /);
  assert.match(bar(11, 10), /^ {2}█+ 100% /);
  assert.match(bar(-5, 10), /^ {2}░+ {3}0% /);
  assert.match(bar(0, 0), /^ {2}█+ 100% /);
  assert.match(bar(999, 1000), / 99% /);
});

test('the end of the copy tells what came of it', () => {
  const first = copying({ done: 0, total: 2000, bytes: 0 });
  const last = copying({ done: 2000, total: 2000, bytes: 161_000 });
  assert.equal(copiedLine(first, last, 500), '2 000 rows, 161 kB in 500 ms, 4 000 rows/s');
  assert.equal(copiedLine(first, { ...last, done: 700 }, 500), '700 of 2 000 rows, 161 kB in 500 ms, 1 400 rows/s');
  assert.equal(copiedLine(last, last, 0), '2 000 rows, 161 kB in 0 ms');
});

/** A stream that keeps what is written, and claims to be a terminal where asked. */
function fakeStream(terminal: boolean) {
  let text = '';
  const stream = new Writable({
    write(bytes, _encoding, done) {
      text += String(bytes);
      done();
    },
  });
  Object.assign(stream, { isTTY: terminal, columns: 80 });
  return { stream: stream as unknown as NodeJS.WriteStream, written: () => text };
}

const story: readonly RunEvent[] = [
  { tag: 'phase-begin', name: 'copy' },
  { tag: 'progress', progress: copying({ done: 0 }) },
  { tag: 'warning', message: `careful ${esc}[31m` },
  { tag: 'note', message: 'noted' },
  { tag: 'table-copied', table: 't', rows: 1 },
  { tag: 'progress', progress: copying() },
  { tag: 'phase-end', name: 'copy', ms: 1000 },
  { tag: 'phase-begin', name: 'indexes' },
];

function emit({ isTerminal, isQuiet }: { readonly isTerminal: boolean; readonly isQuiet: boolean }): string {
  const { stream, written } = fakeStream(isTerminal);
  let nowMs = 0;
  const run = new RunProgress('migrate', () => nowMs);
  const display = openDisplay({ stream, isTerminal, isQuiet, run, nowMs: () => nowMs });
  for (const event of story) {
    nowMs += 10_000;
    run.note(event);
    display.onEvent(event);
  }
  display.close();
  display.close();
  return written();
}

test('piped, there are plain lines only', () => {
  assert.deepEqual(emit({ isTerminal: false, isQuiet: false }).split('\n'), [
    '· copying',
    '  copy: 0 of 45 000 000 rows · 1.2 GB · 3/14 tables · Host, User',
    '! careful \\u001b[31m',
    '  noted',
    '  copy: 12 345 678 of 45 000 000 rows · 1.2 GB · 308 642 rows/s · 1 min 46 s left · 3/14 tables · Host, User · about 3 min 38 s left in all',
    '  12 345 678 of 45 000 000 rows, 1.2 GB in 1.0 s, 12 345 678 rows/s',
    '· building indexes',
    '',
  ]);
});

test('with quiet nothing is written', () => {
  assert.equal(emit({ isTerminal: false, isQuiet: true }), '');
  assert.equal(emit({ isTerminal: true, isQuiet: true }), '');
});

test('on a terminal the live lines are taken away before anything else is written, and cursor and wrapping come back', () => {
  const text = emit({ isTerminal: true, isQuiet: false });
  const cleared = `\r${esc}[3A${esc}[0J${esc}[?7h${esc}[?25h`;
  assert.ok(text.includes(`${cleared}! careful \\u001b[31m\n`), JSON.stringify(text));
  assert.ok(text.includes(`${cleared}  12 345 678 of 45 000 000 rows, 1.2 GB in 1.0 s`), JSON.stringify(text));
  for (const [hide, show] of [
    ['[?25l', '[?25h'],
    ['[?7l', '[?7h'],
  ] as const) {
    assert.ok(text.includes(esc + hide));
    assert.ok(text.lastIndexOf(esc + show) > text.lastIndexOf(esc + hide), show);
  }
});
