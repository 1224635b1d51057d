import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decideGroup, decideGroupRollback, type GroupFact } from '../../src/cutover/standing-group.js';
import type { Cutover, CutoverFacts, CutoverState } from '../../src/model/cutover.js';

/* What a group does next, by what a crash left of each file. */

const group = ['aa', 'bb'].map((cutoverId) => ({ cutoverId, schema: cutoverId, sourcePath: `/${cutoverId}.db` }));

function fileOf(
  cutoverId: string,
  state: CutoverState | null,
  { provider = 'sqlite', closedBy = null, facts = { group } }: Partial<GroupFact['local']> & { facts?: object } = {},
): GroupFact {
  const sourcePath = `/${cutoverId}.db`;
  const cutover = {
    ...{ cutoverId, schema: cutoverId, state, attempt: 1, folder: '/f', sourcePath, envPath: '/env' },
    ...{ facts: facts as CutoverFacts, host: 'h', pid: 1, toolVersion: '1', startedAt: '', updatedAt: '' },
  };
  const known = state === null ? null : (cutover as Cutover);
  return { cutover: known, local: { provider, closedBy }, sourcePath, schema: cutoverId };
}

const env = { env: { path: '/env', sha256Before: '', sha256After: '', edits: [] }, group };

test('the files of a group are old or new together, whatever a crash left', () => {
  const closing = (more: Parameters<typeof fileOf>[2] = {}) => fileOf('aa', 'closing', { closedBy: 'aa', ...more });
  const open = fileOf('bb', 'closing');
  const shut = fileOf('bb', 'closing', { closedBy: 'bb' });
  assert.deepEqual(decideGroup([fileOf('aa', null), fileOf('bb', 'undone')]), { tag: 'begin', closed: [] });
  assert.deepEqual(decideGroup([fileOf('aa', 'preparing'), fileOf('bb', 'rolled_back')]), { tag: 'begin', closed: [] });
  const partly = decideGroup([closing(), open]);
  assert.deepEqual(partly.tag === 'begin' && partly.closed.map(({ cutoverId }) => cutoverId), ['aa']);
  assert.deepEqual(decideGroup([closing(), shut]), { tag: 'go-on' });
  const switched = { provider: 'postgres' };
  assert.deepEqual(decideGroup([closing(switched), fileOf('bb', 'closing', switched)]), { tag: 'go-on' });
  const mixed = decideGroup([closing({ provider: 'mixed' }), fileOf('bb', 'closing', { provider: 'mixed' })]);
  assert.equal(mixed.tag === 'refuse' && mixed.code, 'cutover.partly_switched');
  const byOther = decideGroup([closing(), fileOf('bb', 'closing', { closedBy: 'cc' })]);
  assert.equal(byOther.tag === 'refuse' && byOther.code, 'cutover.closed');
  const alone = decideGroup([closing({ facts: {} }), fileOf('bb', 'undone')]);
  assert.equal(alone.tag === 'refuse' && alone.code, 'cutover.group_other');
  const pending = { provider: 'postgres', facts: { group, after: 'pending' } };
  const both = [
    fileOf('aa', 'switched', { ...pending, closedBy: 'aa' }),
    fileOf('bb', 'switched', { ...pending, closedBy: 'bb' }),
  ];
  assert.deepEqual(decideGroup(both), { tag: 'settle' });
  const done = decideGroup([fileOf('aa', 'switched', { ...switched, closedBy: 'aa' }), fileOf('bb', null)]);
  assert.equal(done.tag === 'refuse' && done.code, 'cutover.already_switched');
});

test('a group goes back as far as any of its files must', () => {
  const back = (state: CutoverState, more: Parameters<typeof fileOf>[2] = {}) =>
    fileOf('aa', state, { facts: env, ...more });
  assert.equal(decideGroupRollback([back('closing', { closedBy: 'aa' }), fileOf('bb', 'closing')]), 'reopen');
  assert.equal(decideGroupRollback([back('switched'), back('switched')]), 'roll-back');
  assert.equal(decideGroupRollback([back('rolling_back'), back('rolling_back', { closedBy: 'aa' })]), 'roll-back');
  assert.equal(decideGroupRollback([back('rolling_back'), back('rolling_back')]), 'conclude');
  const nothing = decideGroupRollback([back('undone'), back('undone')]);
  assert.ok(typeof nothing === 'object' && nothing.tag === 'refuse');
});
