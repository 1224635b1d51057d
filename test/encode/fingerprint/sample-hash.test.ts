import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hashSample } from '../../../src/encode/fingerprint/sample-hash.js';
import type { Kind } from '../../../src/model/kind.js';
import { withDatabase } from '../../support/database.js';

const samples: readonly [Kind, string, string][] = [
  [{ tag: 'bool' }, 't', 'hashint8extended(1, $1)'],
  [{ tag: 'int8' }, '-9223372036854775808', 'hashint8extended(-9223372036854775808, $1)'],
  [{ tag: 'float8' }, '-Infinity', "hashfloat8extended('-Infinity', $1)"],
  [{ tag: 'float8' }, '-0', "hash_record_extended(ROW(float8send('-0')), $1)"],
  [{ tag: 'bytea' }, '\\x00ff', "hash_record_extended(ROW('\\x00ff'::bytea), $1)"],
  [{ tag: 'char', chars: 5 }, 'ab ', `hashtextextended('ab' COLLATE "C", $1)`],
  [{ tag: 'numeric', precision: null, scale: null }, '-1.500', `hashtextextended('-1.5' COLLATE "C", $1)`],
  [{ tag: 'date' }, '-infinity', 'hashint8extended(-9223372036854775808, $1)'],
  [{ tag: 'date' }, 'infinity', 'hashint8extended(9223372036854775807, $1)'],
  [{ tag: 'timestamp', precision: 3, unit: 'ms' }, 'infinity', 'hashint8extended(9223372036854775807, $1)'],
];

test('a sample hashes as on the server, with any seed', async () => {
  await withDatabase(async (_url, client) => {
    for (const [kind, text, sql] of samples) {
      for (const seed of [0n, 1n, 2n ** 64n - 2n]) {
        const { rows } = await client.query<{ h: string }>(`SELECT ${sql}::text AS h`, [
          String(BigInt.asIntN(64, seed)),
        ]);
        const wanted = BigInt.asUintN(64, BigInt(rows[0]?.h ?? ''))
          .toString(16)
          .padStart(16, '0');
        assert.equal(hashSample({ kind, text, seed: String(seed) }), wanted, `${kind.tag} ${text} ${seed}`);
      }
    }
  });
});
