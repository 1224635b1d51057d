import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import type { Progress, RunEvent } from '../../../src/model/event.js';
import { openDisplay } from '../../../src/report/progress/progress.js';
import { copiedLine, progressBar, progressLine } from '../../../src/report/progress/progress-text.js';
import { displayWidth } from '../../../src/report/units.js';

const pace = { rowsPerSecond: 340_000, leftMs: 150_000, isStalled: false };
const esc = String.fromCharCode(27);

function progress(parts: Partial<Progress> = {}): Progress {
  return {
    rows: 12_345_678,
    rowsTotal: 45_000_000,
    bytes: 1.2e9,
    tablesInWork: ['Host', 'User'],
    tablesDone: 3,
    tablesTotal: 14,
    ...parts,
  };
}

test('the piped line tells rows, bytes, rate, time left, tables done and tables in work', () => {
  assert.equal(
    progressLine(progress(), pace),
    '12 345 678 of 45 000 000 rows · 1.2 GB · 340 000 rows/s · 2 min 30 s left · 3/14 tables · Host, User',
  );
});

test('what is not known yet is left out, and a standstill says so', () => {
  const early = progressLine(progress({ tablesInWork: [] }), { rowsPerSecond: null, leftMs: null, isStalled: false });
  assert.equal(early, '12 345 678 of 45 000 000 rows · 1.2 GB · 3/14 tables');
  const still = progressLine(progress(), { rowsPerSecond: 0, leftMs: null, isStalled: true });
  assert.match(still, /time left unknown/);
  assert.match(still, /no row for 30 s, waiting for the server: Host, User$/);
});

test('the time left is given in whole seconds', () => {
  const rows: readonly (readonly [number, string])[] = [
    [20, '1 s left'],
    [3200, '4 s left'],
    [59_500, '1 min 00 s left'],
  ];
  for (const [leftMs, text] of rows) {
    assert.ok(progressLine(progress(), { ...pace, leftMs }).includes(` · ${text} · `), text);
  }
});

test('only three tables in work are named', () => {
  assert.match(progressLine(progress({ tablesInWork: ['a', 'b', 'c', 'd'] }), pace), /· a, b, c …$/);
});

test('a hostile table name cannot drive the terminal from the progress line', () => {
  const line = progressLine(progress({ tablesInWork: [`x${esc}[2J\n`] }), pace);
  assert.match(line, /x\\u001b\[2J\\n$/);
});

const widths: readonly (readonly [columns: number, wanted: RegExp])[] = [
  [200, /█.* 27% · 12 345 678 of .* rows · 1\.2 GB · 340 000 rows\/s · 2 min 30 s left · 3\/14 tables · Host, User$/],
  [120, /27% · 12 345 678 .* GB .* rows\/s · 2 min 30 s left · 3\/14 tables$/],
  [80, /27% · 12 345 678 of 45 000 000 rows · 2 min 30 s left$/],
  [50, /27% · 2 min 30 s left · Host, User$/],
  [20, /27%$/],
];

for (const [columns, wanted] of widths) {
  test(`on a terminal of ${columns} columns the line keeps what is worth most and never wraps`, () => {
    const line = progressBar(progress(), pace, columns);
    assert.ok(displayWidth(line) < columns, `${displayWidth(line)}: ${line}`);
    assert.match(line, wanted);
  });
}

test('a long or wide table name is cut where the line ends', () => {
  for (const name of ['n'.repeat(300), '数'.repeat(200), '🚀'.repeat(90)]) {
    const line = progressBar(progress({ tablesInWork: [name] }), pace, 140);
    assert.ok(displayWidth(line) < 140, line);
    assert.match(line, /…$/);
  }
});

test('the bar is empty at the start, full at the end, and never beyond', () => {
  const bar = (rows: number, rowsTotal: number) => progressBar(progress({ rows, rowsTotal }), pace, 150);
  assert.match(bar(0, 10), /^ {2}░{24} {3}0% /);
  assert.match(bar(10, 10), /^ {2}█{24} 100% /);
  assert.match(bar(11, 10), /^ {2}█{24} 100% /);
  assert.match(bar(-5, 10), /^ {2}░{24} {3}0% /);
  assert.match(bar(0, 0), /^ {2}█{24} 100% /);
  assert.match(bar(999, 1000), / 99% /);
});

test('the end of the copy tells what came of it', () => {
  const first = progress({ rows: 0, rowsTotal: 2000, bytes: 0 });
  const last = progress({ rows: 2000, rowsTotal: 2000, bytes: 161_000 });
  assert.equal(copiedLine(first, last, 500), '2 000 rows, 161 kB in 500 ms, 4 000 rows/s');
  assert.equal(copiedLine(first, { ...last, rows: 700 }, 500), '700 of 2 000 rows, 161 kB in 500 ms, 1 400 rows/s');
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
  { tag: 'progress', progress: progress({ rows: 0 }) },
  { tag: 'warning', message: `careful ${esc}[31m` },
  { tag: 'note', message: 'noted' },
  { tag: 'table-copied', table: 't', rows: 1 },
  { tag: 'progress', progress: progress() },
  { tag: 'phase-end', name: 'copy', ms: 1000 },
  { tag: 'phase-begin', name: 'indexes' },
];

function emit({ isTerminal, isQuiet }: { readonly isTerminal: boolean; readonly isQuiet: boolean }): string {
  const { stream, written } = fakeStream(isTerminal);
  let nowMs = 0;
  const display = openDisplay({ stream, isTerminal, isQuiet, nowMs: () => nowMs });
  for (const event of story) {
    nowMs += 10_000;
    display.onEvent(event);
  }
  display.close();
  display.close();
  return written();
}

test('piped, there are plain lines only', () => {
  assert.deepEqual(emit({ isTerminal: false, isQuiet: false }).split('\n'), [
    '· copying',
    '  0 of 45 000 000 rows · 1.2 GB · 3/14 tables · Host, User',
    '! careful \\u001b[31m',
    '  noted',
    '  12 345 678 of 45 000 000 rows · 1.2 GB · 308 642 rows/s · 1 min 46 s left · 3/14 tables · Host, User',
    '  12 345 678 of 45 000 000 rows, 1.2 GB in 1.0 s, 12 345 678 rows/s',
    '· building indexes',
    '',
  ]);
});

test('with quiet nothing is written', () => {
  assert.equal(emit({ isTerminal: false, isQuiet: true }), '');
  assert.equal(emit({ isTerminal: true, isQuiet: true }), '');
});

test('on a terminal the live line is taken away before anything else is written, and cursor and wrapping come back', () => {
  const text = emit({ isTerminal: true, isQuiet: false });
  const cleared = `${esc}[1G${esc}[2K`;
  assert.ok(text.includes(`${cleared}! careful \\u001b[31m\n`), JSON.stringify(text));
  assert.ok(text.includes(`${cleared}  12 345 678 of 45 000 000 rows, 1.2 GB in 1.0 s`), JSON.stringify(text));
  for (const [hide, show] of [
    ['[?25l', '[?25h'],
    ['[?7l', '[?7h'],
  ] as const) {
    assert.ok(text.includes(esc + hide));
    assert.ok(text.lastIndexOf(esc + show) > text.lastIndexOf(esc + hide), show);
  }
  assert.ok(text.endsWith('· building indexes\n'));
});
