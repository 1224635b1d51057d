import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fitOf, otherVersionHint } from '../../src/source/sqlite-version.js';

const rows: readonly (readonly [string, string, string, boolean])[] = [
  ['12.11.1', '20.20.2', '9', true],
  ['12.11.1', '22.23.3', '10', true],
  ['12.11.1', '24.18.1', '10', true],
  ['12.11.1', '24.19.0', '10', false],
  ['12.11.1', '26.0.0', '10', false],
  ['13.2.0', '20.20.2', '9', false],
  ['13.2.0', '22.13.1', '9', false],
  ['13.2.0', '22.14.0', '10', true],
  ['13.2.0', '24.21.0', '10', true],
];

for (const [version, node, napi, fits] of rows) {
  test(`better-sqlite3 ${version} ${fits ? 'runs' : 'does not run'} on Node ${node}`, () => {
    assert.equal(fitOf(version, { node, napi }) === null, fits);
  });
}

test('the hint names the version that fits, in the folder where the wrong one stands', () => {
  const hint = otherVersionHint('/srv/app/node_modules/better-sqlite3', { node: '24.21.0', napi: '10' });
  assert.match(hint, /npm install --no-save --prefix '\/srv\/app' better-sqlite3@13\.2\.0$/);
  assert.match(otherVersionHint(null, { node: '20.11.0', napi: '9' }), /better-sqlite3@12\.11\.1$/);
  assert.match(otherVersionHint(null, { node: '22.13.0', napi: '9' }), /use Node 20, or 22\.14/);
});
