import assert from 'node:assert/strict';
import { test } from 'node:test';
import { foldCase, isSameName } from '../../src/lib/fold-case.js';
import { Database } from '../../src/source/sqlite.js';

/** Pairs of names, and whether they are one name. */
const pairs: readonly (readonly [string, string, boolean])[] = [
  ['Id', 'iD', true],
  ['É', 'é', false],
  ['straße', 'STRASSE', false],
  // The Kelvin sign and the dotted I are letters whose lower case is k and i.
  ['\u212a', 'k', false],
  ['\u0130d', 'id', false],
  ['ÀB', 'Àb', true],
  // [ and { stand where letters of the two cases would.
  ['a[', 'a{', false],
];

test('names are the same where SQLite takes them for the same', () => {
  for (const [a, b, isSame] of pairs) {
    const db = new Database(':memory:');
    const makeBoth = () => db.exec(`CREATE TABLE "${a}" (x); CREATE TABLE "${b}" (x)`);
    if (isSame) assert.throws(makeBoth, /already exists/, `${a} and ${b}`);
    else makeBoth();
    db.close();
    assert.equal(isSameName(a, b), isSame, `${a} and ${b}`);
  }
});

test('folding leaves all but A to Z as it is', () => {
  assert.equal(foldCase('AZaz09_ÉÜ\u212a\u0130'), 'azaz09_ÉÜ\u212a\u0130');
});
