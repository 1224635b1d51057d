import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  asRefusal,
  confirmation,
  refuseEmbedded,
  refuseUnconfirmed,
  wrapped,
} from '../../src/commands/cutover/preflight.js';
import { CopierError } from '../../src/model/error.js';
import type { Settings } from '../../src/model/settings.js';

function codeOf(work: () => void): string | null {
  try {
    work();
    return null;
  } catch (error) {
    assert.ok(error instanceof CopierError);
    return error.code;
  }
}

test('only the whole phrase confirms a cutover', () => {
  const said = (confirm: string | null) => codeOf(() => refuseUnconfirmed({ confirm } as Settings));
  assert.equal(said(confirmation), null);
  for (const other of [null, '', 'yes', confirmation.toLowerCase(), ` ${confirmation}`])
    assert.equal(said(other), 'cutover.not_confirmed');
});

test('a cutover without a target, which would mean the embedded one, is refused', () => {
  const named = (targetUrl: string | null) => codeOf(() => refuseEmbedded({ targetUrl } as Settings));
  assert.equal(named(null), 'cutover.embedded_target');
  assert.equal(named('postgresql://db/app'), null);
});

test('a failure before the first step is a refusal that keeps code, hint and location', () => {
  const error = new CopierError('target.unreachable', 'cannot reach it', { hint: 'start it', table: 't', key: 'id=1' });
  const refusal = asRefusal(error, 'cutover');
  assert.ok(refusal instanceof CopierError);
  assert.equal(refusal.code, 'cutover.refused');
  assert.equal(refusal.message, 'nothing was changed: cannot reach it [target.unreachable]');
  assert.deepEqual([refusal.hint, refusal.table, refusal.key, refusal.cause], ['start it', 't', 'id=1', error]);
});

test('refusals, usage, interruptions and bugs stay what they are', () => {
  for (const code of ['cutover.env_missing', 'usage.command_line', 'interrupted.aborted'] as const) {
    const error = new CopierError(code, 'as it is', { hint: '' });
    assert.equal(asRefusal(error, 'rollback'), error);
  }
  const bug = new TypeError('a bug');
  assert.equal(asRefusal(bug, 'cutover'), bug);
});

test('a failure under another code keeps all that is known of it', () => {
  const error = new CopierError('data.rejected', 'no', { hint: 'h', column: 'c', foreignCode: '23505' });
  const again = wrapped('cutover.undone', 'undone', error);
  assert.deepEqual([again.code, again.hint, again.column, again.foreignCode], ['cutover.undone', 'h', 'c', '23505']);
});
