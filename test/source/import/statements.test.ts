import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StatementReader } from '../../../src/source/import/statements.js';
import { statementText } from '../../../src/source/import/statement-text.js';

const script = `-- a comment; with a semicolon
PRAGMA foreign_keys=OFF;
/* another; 'one' **/ BEGIN TRANSACTION;
CREATE TABLE "semi;colon" (a TEXT DEFAULT 'it''s;', [b;] INT, \`c;\` INT -- end;
);

INSERT INTO "semi;colon" VALUES('a;
b', 1 - -1, 4/2), ('--x', 2, 3);
CREATE TRIGGER t AFTER INSERT ON x BEGIN
  UPDATE x SET a = CASE WHEN a IS NULL THEN 'END;' ELSE a END; -- END;
  DELETE FROM y;
END;
create temp trigger if not exists u before delete on x begin select 1; end;
;;
COMMIT;
`;

/** Line and text of each statement, with the script given in pieces of so many bytes. */
function statementsOf(text: string | Buffer, pieceBytes: number): (readonly [number, string])[] {
  const reader = new StatementReader();
  const bytes = Buffer.from(text);
  const found: (readonly [number, string])[] = [];
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    for (const { bytes: own, line } of reader.push(bytes.subarray(at, at + pieceBytes))) {
      found.push([line, own.toString('utf8').trim()]);
    }
  }
  reader.finish();
  return found;
}

test('a script is cut where its statements end, whatever stands in quotes, comments and triggers', () => {
  const found = statementsOf(script, script.length);
  assert.deepEqual(
    found.map(([line, text]) => [line, text.slice(0, 17)]),
    [
      [2, 'PRAGMA foreign_ke'],
      [3, 'BEGIN TRANSACTION'],
      [4, 'CREATE TABLE "sem'],
      [7, 'INSERT INTO "semi'],
      [9, 'CREATE TRIGGER t '],
      [13, 'create temp trigg'],
      [15, 'COMMIT;'],
    ],
  );
  assert.match(found[4]?.[1] ?? '', /DELETE FROM y;\nEND;$/);
  assert.match(found[5]?.[1] ?? '', /select 1; end;$/);
});

test('it does not matter in which pieces the script comes', () => {
  const whole = statementsOf(script, script.length);
  for (const bytes of [1, 2, 3, 5, 7, 11, 64, 100])
    assert.deepEqual(statementsOf(script, bytes), whole, `${bytes} bytes`);
});

test('a long INSERT is cut between its rows, and all rows are there once', () => {
  const rows = Array.from({ length: 4000 }, (_, index) => `(${index}, 'x),(${'y'.repeat(1000)}', [max](1, 2))`);
  const found = statementsOf(`INSERT INTO "VALUES ("(a, b, c) VALUES ${rows.join(', ')};`, 65_536);
  assert.ok(found.length > 2, `${found.length} statements`);
  const said = found.flatMap(([, text]) => {
    assert.ok(text.startsWith('INSERT INTO "VALUES ("(a, b, c) VALUES'), text.slice(0, 60));
    assert.ok(text.length < 1.2e6, `${text.length} bytes`);
    return [...text.matchAll(/\((\d+), 'x/g)].map(([, index]) => Number(index));
  });
  assert.deepEqual(
    said,
    rows.map((_, index) => index),
  );
});

test('a long INSERT of a SELECT is not cut', () => {
  const found = statementsOf(`INSERT INTO t SELECT '${'y'.repeat(2e6)}', 1, 2, 3;`, 65_536);
  assert.equal(found.length, 1);
});

test('what would be said of the last rows of a long INSERT alone is refused', () => {
  const rows = Array.from({ length: 20 }, () => `('${'y'.repeat(100_000)}')`).join(',');
  assert.throws(() => statementsOf(`\nINSERT INTO t VALUES ${rows} ON CONFLICT DO NOTHING;`, 65_536), {
    code: 'source.dump_statement',
    message: /long INSERT on line 2/,
  });
});

for (const [title, text, message] of [
  ['a statement', 'BEGIN;\n\nINSERT INTO t VALUES(1', /begins on line 3/],
  ['a text', "INSERT INTO t VALUES('abc;\n", /begins on line 1/],
  ['a comment', '\n/* INSERT', /not complete/],
] as const) {
  test(`a script that ends within ${title} is not complete`, () => {
    assert.throws(() => statementsOf(text, 4096), { code: 'source.dump_incomplete', message });
  });
}

test('a command of the shell is told with its line', () => {
  assert.throws(() => statementsOf('BEGIN;\n.open other.db\n', 4096), {
    code: 'source.dump_statement',
    message: /line 2/,
  });
});

test('a text that is not UTF-8, or has a NUL, stays what it is', () => {
  const bytes = Buffer.concat([
    Buffer.from("INSERT INTO t VALUES('é', 'it''s "),
    Buffer.from([0xff, 0]),
    Buffer.from("', 'plain');"),
  ]);
  const expected = `INSERT INTO t VALUES('é', CAST(x'${Buffer.from("it's ").toString('hex')}ff00' AS TEXT), 'plain');`;
  assert.equal(statementText(bytes, 1), expected);
  assert.throws(() => statementText(Buffer.from([0x41, 0xff]), 7), {
    code: 'source.dump_statement',
    message: /line 7/,
  });
});
