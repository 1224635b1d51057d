import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { nameSchemas, schemaNameFault } from '../../src/fleet/schema-names.js';

const nothing: ReadonlySet<string> = new Set();

test('a schema is named as its file, in small letters that need no quotes', () => {
  const names = nameSchemas(['tenants/Acme Inc.db', 'b/Zoë.sqlite3', '/x/42.db', 'pg_stat.db', 'plain'], nothing);
  assert.deepEqual([...names.values()], ['acme_inc', 'zoe', 't_42', 't_pg_stat', 'plain']);
});

test('files whose names would be the same all get digits of their own, whatever the order', () => {
  const sources = ['a/app.db', 'b/app.db', 'c/other.db'];
  const names = nameSchemas(sources, nothing);
  assert.match(names.get('a/app.db') ?? '', /^app_[0-9a-f]{8}$/);
  assert.equal(new Set(names.values()).size, 3);
  assert.equal(names.get('c/other.db'), 'other');
  assert.deepEqual(nameSchemas([...sources].reverse(), nothing).get('b/app.db'), names.get('b/app.db'));
  assert.match(nameSchemas(['x/app.db'], new Set(['app'])).get('x/app.db') ?? '', /^app_[0-9a-f]{8}$/);
  assert.match(nameSchemas(['public.db'], nothing).get('public.db') ?? '', /^public_/);
});

test('a file has a name of its own in each of several fleets', () => {
  const taken = new Set<string>();
  for (let fleet = 0; fleet < 4; fleet++)
    for (const name of nameSchemas(['x/app.db'], taken).values()) {
      assert.ok(!taken.has(name), name);
      taken.add(name);
    }
});

test('whatever files are called, names are unique, and PostgreSQL takes them as they are', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.string({ unit: 'binary', maxLength: 90 }), { maxLength: 20 }), (sources) => {
      const names = [...nameSchemas(sources, nothing).values()];
      assert.equal(new Set(names).size, sources.length);
      for (const name of names) {
        assert.match(name, /^[a-z_][a-z0-9_]{0,62}$/);
        assert.equal(schemaNameFault(name), null);
      }
    }),
  );
});

test('a name that the operator chose is refused where PostgreSQL or pgferry keeps it', () => {
  for (const name of ['', 'pg_toast', 'pgferry', 'pgferry_queue', 'information_schema', 'é'.repeat(32), ' a', 'a '])
    assert.ok(schemaNameFault(name) !== null, name);
  assert.equal(schemaNameFault('Any Name "at all"'), null);
});
