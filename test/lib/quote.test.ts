import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { quoteLiteral, quoteName, quoteTable } from '../../src/lib/quote.js';
import { withDatabase } from '../support/database.js';
import { runCount } from '../support/run-count.js';

const numRuns = runCount({ usual: 200, full: 5_000 });

test('a name is quoted so that the server reads the same name', () => {
  assert.equal(quoteName('Plan'), '"Plan"');
  assert.equal(quoteTable('my schema', 'a"b'), '"my schema"."a""b"');
});

test('a literal comes back from the server as it was, under either setting of standard_conforming_strings', () =>
  withDatabase(async (_url, client) => {
    const text = fc.string({ unit: 'binary' }).filter((value) => !value.includes('\0'));
    for (const setting of ['on', 'off']) {
      await client.query(`SET escape_string_warning = off; SET standard_conforming_strings = ${setting}`);
      const property = fc.asyncProperty(text, async (value) => {
        const { rows } = await client.query(`SELECT ${quoteLiteral(value)} AS v`);
        assert.equal(rows[0]?.v, value);
      });
      await fc.assert(property, { numRuns, examples: [["it's"], ['back\\slash'], ["\\' both"], ['']] });
    }
  }));

test('a name comes back from the server as it was', () =>
  withDatabase(async (_url, client) => {
    const name = fc.string({ minLength: 1, maxLength: 15 }).filter((value) => !value.includes('\0'));
    const property = fc.asyncProperty(name, async (value) => {
      const { fields } = await client.query(`SELECT 1 AS ${quoteName(value)}`);
      assert.equal(fields[0]?.name, value);
    });
    await fc.assert(property, { numRuns, examples: [['"'], ['a"; DROP'], ['Ünï']] });
  }));

test('a nul byte and an empty name are refused', () => {
  assert.throws(() => quoteName('a\0b'), { code: 'target.bad_name' });
  assert.throws(() => quoteName(''), { code: 'target.bad_name' });
  assert.throws(() => quoteLiteral('\0'), { code: 'target.bad_name' });
});
