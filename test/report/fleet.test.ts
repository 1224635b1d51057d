import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FleetFile, FleetResult } from '../../src/model/fleet/fleet.js';
import { fleetPage } from '../../src/report/page/fleet-page.js';
import { describeFleet } from '../../src/report/text/fleet-text.js';

const reasons = ['source.corrupt', 'plan.orphans', 'source.not_a_database'];

/** A file of a large fleet: one of twenty was refused, and every other one warns of the same. */
function fileOf(index: number): FleetFile {
  const name = `t${String(index).padStart(5, '0')}`;
  const isBad = index % 20 === 0;
  const code = reasons[(index / 20) % reasons.length] ?? '';
  return {
    source: `tenants/${name}.db`,
    schema: name,
    version: '0123456789ab',
    bytes: 200_000,
    options: null,
    reason: isBad ? { code, message: `${name} is no good`, hint: 'mend it, then: pgferry fleet retry' } : null,
    state: isBad ? 'failed' : 'done',
    attempts: 1,
    worker: 'pid 1 on one',
    runId: `20260101T000000Z-${name}`,
    rows: isBad ? null : 800,
    remarks: isBad ? [] : ['plan.empty_target: the same for all'],
    beganAt: null,
    endedAt: null,
    verified: null,
  };
}

function fleetOf(count: number): FleetResult {
  const files = Array.from({ length: count }, (_, index) => fileOf(index));
  const failed = files.filter(({ state }) => state === 'failed').length;
  return {
    action: 'status',
    ok: false,
    fleet: 'main',
    form: 'schema-per-file',
    versions: Array.from({ length: 40 }, (_, index) => ({
      id: `version${index}`,
      files: 40 - index,
      tables: 2,
      example: `tenants/${index}.db`,
      differences: index === 0 ? [] : Array.from({ length: 9 }, (__, line) => `lacks table t${line}`),
    })),
    files,
    counts: { waiting: 0, taken: 0, done: count - failed, failed, refused: 0 },
    handled: 0,
    lost: 0,
    notHere: null,
    pace: null,
    written: [],
  };
}

/** Like `assert.match`, without the whole page in the message. */
function assertHas(page: string, pattern: RegExp): void {
  assert.ok(pattern.test(page), `the page has no ${pattern}`);
}

test('a fleet of 2 000 files fits on a screen: troubles by their reason, remarks once, and everything with --all', () => {
  const text = describeFleet(fleetOf(2000));
  assert.ok(text.split('\n').length < 100, text);
  assert.match(
    text,
    /^✗ 34 files: source\.corrupt, such as\n {2}✗ tenants\/t00000\.db \(t00000\), failed: source\.corrupt: t00000 is no good\n {6}→ mend it/m,
  );
  assert.match(text, /\(--all names all 100 files that need a look\)/);
  assert.match(text, /^! t00001, t00002, t00003 and 1\s897 more: plan\.empty_target: the same for all$/m);
  assert.match(text, /… and 30 versions more, of 465 files \(--all shows them\)/);
  assert.match(text, /… and 4 more \(--all shows them\)/);
  const whole = describeFleet(fleetOf(2000), true);
  for (const { source } of fleetOf(2000).files) assert.ok(whole.includes(source), source);
  assert.ok(whole.includes('version39') && whole.includes('lacks table t8'));
  assert.doesNotMatch(whole, /--all/);
});

test('the page over 2 000 files names each, stays small, and shows none unasked but a line per reason', () => {
  const page = fleetPage(fleetOf(2000), new Date(0));
  assert.ok(page.length < 2_000_000, `${page.length} characters`);
  for (const { source } of fleetOf(2000).files) assert.ok(page.includes(source), source);
  const unfolded = page.replace(/<details class="more">.*?<\/details>/gs, '');
  assert.ok(!unfolded.includes('tenants/t'), 'a file is shown unasked');
  assertHas(page, /<summary>34 files: source\.corrupt<\/summary>/);
  assertHas(page, /<summary>100 files with 0 rows: not proven yet, or in need of a look<\/summary>/);
  assertHas(page, /<summary>1\s900 files with 1\s520\s000 rows: loaded and proven<\/summary>/);
  assertHas(page, /<b>t00001, t00002, t00003 and 1\s897 more<\/b> plan\.empty_target/);
});

test('files of workers that are gone are not said to be at work', () => {
  const { counts, ...rest } = fleetOf(3);
  const text = describeFleet({ ...rest, counts: { ...counts, taken: 3 }, lost: 2 });
  assert.match(text, /, 1 at work, 2 left by a worker that is gone \(the next work takes them over\), 0 waiting/);
});

test('the page is of the colour of its verdict', () => {
  const files = Array.from({ length: 3 }, (_, index) => fileOf(index + 1));
  const page = (counts: Partial<FleetResult['counts']>) =>
    fleetPage(
      { ...fleetOf(1), files, counts: { waiting: 0, taken: 0, done: 3, failed: 0, refused: 0, ...counts } },
      new Date(0),
    );
  assertHas(page({}), /<section class="card verdict ">[^§]*<h1 class="good">✓ 3 files loaded/);
  assertHas(page({ done: 2, waiting: 1 }), /<section class="card verdict open">[^§]*<h1 class="warn">… 1 of 3 files/);
  const failed = fleetPage(fleetOf(1), new Date(0));
  assertHas(failed, /<section class="card verdict differs">[^§]*<h1 class="bad">✗/);
});
