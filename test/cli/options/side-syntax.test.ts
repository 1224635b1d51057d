import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sourceSyntax, targetSyntax } from '../../../src/cli/options/side-syntax.js';
import { CopierError } from '../../../src/model/error.js';

function refusalOf(use: () => unknown): CopierError {
  try {
    use();
  } catch (error) {
    if (error instanceof CopierError) return error;
    throw error;
  }
  return assert.fail('it was taken');
}

const wrongSources: readonly (readonly [given: string, code: string, says: RegExp, hint: RegExp])[] = [
  [
    'postgresql://app:CANARY@db/app',
    'usage.swapped_sides',
    /is a PostgreSQL database/,
    /pgferry migrate app\.db postgresql:/,
  ],
  ['POSTGRES://app:CANARY@db/app', 'usage.swapped_sides', /is a PostgreSQL database/, /SQLite file first/],
  ['host=db password=CANARY dbname=d', 'usage.swapped_sides', /is a PostgreSQL database/, /SQLite file first/],
  ['mysql://root:CANARY@db/app', 'usage.source_url', /is a MySQL database/, /pgloader/],
  ['jdbc:mariadb://root:CANARY@db/app', 'usage.source_url', /is a MySQL database/, /pgloader/],
  [
    'libsql://app.turso.io?authToken=CANARY',
    'usage.source_url',
    /is a libSQL \(Turso\) database/,
    /turso db shell NAME \.dump/,
  ],
  [
    'https://app-me.turso.io?authToken=CANARY',
    'usage.source_url',
    /is a libSQL \(Turso\) database/,
    /turso db shell NAME .dump \| pgferry migrate -/,
  ],
  ['https://u:CANARY@example.org/app.db', 'usage.source_url', /is an address on the network/, /\.backup/],
  ['s3://CANARY@bucket/app.db', 'usage.source_url', /is an address on the network/, /bring the SQLite file here/],
  ['sqlite:///app.db', 'usage.source_url', /is a URL with a scheme of its own/, /path alone/],
  ['mongodb://u:CANARY@h/d', 'usage.source_url', /is a URL/, /path of the SQLite file/],
  ['file:app.db?authToken=CANARY', 'usage.secret', /holds a secret/, /PGPASSWORD/],
  ['', 'usage.empty_value', /is empty/, /value/],
];

for (const [given, code, says, hint] of wrongSources) {
  test(`the source ${JSON.stringify(given)} is told as what it is, without its secret`, () => {
    const error = refusalOf(() => sourceSyntax().parse(given, '--source'));
    assert.equal(error.code, code);
    assert.match(error.message, says);
    assert.match(error.message, /^--source/);
    assert.match(error.hint, hint);
    assert.doesNotMatch(error.message + error.hint, /CANARY/);
  });
}

test('paths and file URLs are sources', () => {
  for (const given of [
    'app.db',
    '/srv/app',
    'file:./dev.db?connection_limit=1',
    'file:///srv/a.db',
    'C:/app.db',
    'postgres.db',
  ])
    assert.equal(sourceSyntax().parse(given, '--source'), given);
});

const wrongTargets: readonly (readonly [given: string, code: string, says: RegExp])[] = [
  ['app.db', 'usage.swapped_sides', /is a SQLite file/],
  ['/srv/app.sqlite3', 'usage.swapped_sides', /is a SQLite file/],
  ['file:./dev.db?password=CANARY', 'usage.swapped_sides', /is a SQLite file/],
  ['mysql://root:CANARY@db/app', 'usage.target_url', /is a MySQL database/],
  ['libsql://app.turso.io?authToken=CANARY', 'usage.target_url', /libSQL/],
  ['host=db password=CANARY dbname=d', 'usage.target_url', /connection string of libpq/],
  ['', 'usage.empty_value', /is empty/],
];

for (const [given, code, says] of wrongTargets) {
  test(`the target ${JSON.stringify(given)} is told as what it is, without its secret`, () => {
    const error = refusalOf(() => targetSyntax().parse(given, 'PG_URL'));
    assert.equal(error.code, code);
    assert.match(error.message, says);
    assert.match(error.message, /^PG_URL/);
    assert.doesNotMatch(error.message + error.hint, /CANARY/);
  });
}

test('a PostgreSQL URL is a target, its password in whatever form', () => {
  for (const given of ['postgresql://app:p@w:/?#@db/app', 'postgres://app@db:5432/app.db'])
    assert.equal(targetSyntax().parse(given, '--target'), given);
});
