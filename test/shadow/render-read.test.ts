import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deriveReads } from '../../src/shadow/derive-reads.js';
import type { ShadowColumn, ShadowTable } from '../../src/shadow/read.js';
import { renderRead } from '../../src/shadow/render-read.js';

test('a read by a key that the sides order differently has no order', () => {
  const key: ShadowColumn = {
    source: 'k',
    target: 'k',
    kind: { tag: 'numeric', precision: 10, scale: 2 },
    order: null,
  };
  const names = { source: 'n', targetSchema: 'public', target: 'n' };
  const table: ShadowTable = { ...names, rows: 1, columns: [key], key: [key], indexes: [], foreignKeys: [] };
  const samples = { rowOf: () => new Map([['k', 2n]]), groupedBy: () => null };
  const [read, ...others] = deriveReads([table], samples).map((one) => renderRead(one, 10));
  assert.deepEqual(others, []);
  assert.match(read?.plain.source.sql ?? '', /FROM "n" AS t WHERE t\."k" = \? LIMIT 10$/);
  assert.match(read?.plain.target.sql ?? '', /WHERE t\."k" = \$1 LIMIT 10$/);
});
