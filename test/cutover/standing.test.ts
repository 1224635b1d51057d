import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decideCutover, decideRollback, standingOf } from '../../src/cutover/standing.js';
import type { Cutover, CutoverFacts, CutoverState } from '../../src/model/cutover.js';

const facts: CutoverFacts = {
  runId: 'r1',
  snapshotPath: '/run/snapshot.db',
  snapshotSha256: 'ab',
  journalMode: 'wal',
  schemaVersion: 3,
  env: { path: '/app/.vps.env', sha256Before: 'a', sha256After: 'b', edits: [] },
  prismaSchemas: null,
  digests: [],
  fencedAt: '2026-01-02T03:04:05.000Z',
};

function cutover(state: CutoverState): Cutover {
  return {
    cutoverId: 'c1',
    schema: 'public',
    state,
    attempt: 1,
    folder: '/run',
    sourcePath: '/app/app.db',
    envPath: '/app/.vps.env',
    facts: state === 'preparing' || state === 'undone' ? null : facts,
    host: 'box',
    pid: 1,
    toolVersion: '0',
    startedAt: '2026-01-02T03:04:05.000Z',
    updatedAt: '2026-01-02T03:04:05.000Z',
  };
}

type Row = readonly [
  state: CutoverState | null,
  provider: string | null,
  closedBy: string | null,
  forward: string,
  back: string,
  application: string,
  isSettled: boolean,
];

/** Every state with what can be found on the machine: what cutover does, what rollback does, and where the application is. */
const rows: readonly Row[] = [
  [null, 'sqlite', null, 'begin', 'refuse', '', true],
  [null, 'sqlite', 'c9', 'refuse', 'refuse', '', true],
  ['preparing', 'sqlite', null, 'again', 'refuse', 'sqlite', false],
  ['undone', 'sqlite', null, 'again', 'refuse', 'sqlite', true],
  ['undone', 'sqlite', 'c1', 'refuse', 'refuse', 'sqlite', true],
  ['closing', 'sqlite', null, 'again', 'refuse', 'sqlite', false],
  ['closing', 'sqlite', 'c1', 'go-on', 'reopen', 'sqlite', false],
  ['closing', 'postgres', 'c1', 'go-on', 'roll-back', 'postgres', false],
  ['proving', 'postgres', 'c1', 'prove', 'roll-back', 'postgres', false],
  ['proving', 'postgres', null, 'prove', 'roll-back', 'postgres', false],
  ['switched', 'postgres', 'c1', 'refuse', 'roll-back', 'postgres', true],
  ['switched', 'sqlite', null, 'begin', 'roll-back', 'sqlite', true],
  ['switched', 'sqlite', 'c1', 'refuse', 'roll-back', 'sqlite', true],
  ['released', 'postgres', null, 'refuse', 'roll-back', 'postgres', true],
  ['rolling_back', 'postgres', 'c1', 'refuse', 'roll-back', 'postgres', false],
  ['rolling_back', 'postgres', null, 'refuse', 'roll-back', 'postgres', false],
  ['rolling_back', 'sqlite', null, 'refuse', 'conclude', 'sqlite', false],
  ['rolled_back', 'sqlite', null, 'begin', 'refuse', 'sqlite', true],
];

for (const [state, provider, closedBy, forward, back, application, isSettled] of rows) {
  test(`a cutover that is ${state}, the env file says ${provider}, closed by ${closedBy}: ${forward}, ${back}`, () => {
    const known = state === null ? null : cutover(state);
    const local = { provider, closedBy };
    assert.equal(decideCutover(known, local, '/app/app.db').tag, forward);
    assert.equal(decideRollback(known, local).tag, back);
    if (known === null) return;
    const standing = standingOf(known, local);
    assert.equal(standing.application, application);
    assert.equal(standing.isSettled, isSettled);
    assert.notEqual(standing.next, '');
  });
}

test('a cutover of another database is not gone on with', () => {
  const local = { provider: 'sqlite', closedBy: null };
  assert.equal(decideCutover(cutover('preparing'), local, '/app/other.db').tag, 'begin');
  assert.equal(decideCutover(cutover('closing'), { ...local, closedBy: 'c1' }, '/app/other.db').tag, 'refuse');
});

test('where the env file is left alone the ledger alone says where the application is', () => {
  const local = { provider: null, closedBy: 'c1' };
  assert.equal(standingOf({ ...cutover('switched'), envPath: null }, local).application, 'postgres');
  assert.equal(standingOf({ ...cutover('closing'), envPath: null }, local).application, 'sqlite');
});
