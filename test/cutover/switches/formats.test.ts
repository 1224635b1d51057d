import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { formats } from '../../../src/cutover/switches/file-switch.js';
import { EditProblem, pathOf, setValue } from '../../../src/cutover/switches/formats/format.js';
import type { FileFormat, SwitchValue } from '../../../src/model/application/rules.js';

interface Case {
  readonly name: string;
  readonly before: string;
  readonly key: string;
  readonly value: SwitchValue;
  /** null: refused, and why. */
  readonly after: string | null;
  readonly says?: RegExp;
}

const url = 'postgresql://app@db.example:5432/app?sslmode=require';

const cases: Readonly<Record<FileFormat, readonly Case[]>> = {
  env: [
    {
      name: 'plain, with a comment and CRLF',
      before: 'A=1\r\nURL=file:a.db # where\r\nB=2',
      key: 'URL',
      value: url,
      after: `A=1\r\nURL=${url} # where\r\nB=2`,
    },
    {
      name: 'double quotes and export',
      before: 'export URL="file:a.db"\n',
      key: 'URL',
      value: url,
      after: `export URL="${url}"\n`,
    },
    {
      name: 'a sign that a shell reads goes into single quotes',
      before: 'URL=a\n',
      key: 'URL',
      value: 'a&b $c',
      after: "URL='a&b $c'\n",
    },
    { name: 'a $ leaves double quotes', before: 'URL="a"\n', key: 'URL', value: 'p$w', after: "URL='p$w'\n" },
    { name: 'assigned twice', before: 'C=a\nC=b\n', key: 'C', value: 'pg', after: 'C=pg\nC=pg\n' },
    { name: 'a value over lines', before: 'K="a\nb"\nC=x\n', key: 'C', value: 'pg', after: 'K="a\nb"\nC=pg\n' },
    { name: 'empty', before: 'C=\nD=1\n', key: 'C', value: 'pg', after: 'C=pg\nD=1\n' },
    { name: 'commented out is not there', before: '#C=a\n', key: 'C', value: 'pg', after: null, says: /is not there/ },
    { name: 'a line end', before: 'C=a\n', key: 'C', value: 'a\nb', after: null, says: /line end/ },
  ],
  json: [
    {
      name: 'comments, trailing commas and tabs',
      before: '// c\n{\n\t"db": { "client": "sqlite", /* x */ "n": 1, },\n}\n',
      key: 'db.client',
      value: 'pg',
      after: '// c\n{\n\t"db": { "client": "pg", /* x */ "n": 1, },\n}\n',
    },
    {
      name: 'an element of an array, by pointer',
      before: '{"a.b":[{"c":"x"},{"c":"y"}]}',
      key: '/a.b/1/c',
      value: 'z',
      after: '{"a.b":[{"c":"x"},{"c":"z"}]}',
    },
    { name: 'a byte order mark', before: '\uFEFF{"c":null}', key: 'c', value: true, after: '\uFEFF{"c":true}' },
    { name: 'an object becomes a value', before: '{"c":{"f":"a.db"}}', key: 'c', value: url, after: `{"c":"${url}"}` },
    {
      name: 'a key given twice',
      before: '{"c":1,"c":2}',
      key: 'c',
      value: 3,
      after: null,
      says: /without changing more/,
    },
    { name: 'not JSON', before: '{"c":', key: 'c', value: 3, after: null, says: /not valid JSON/ },
    { name: 'not there', before: '{"c":1}', key: 'd', value: 3, after: null, says: /is not there/ },
  ],
  yaml: [
    {
      name: 'comments, order and quotes',
      before: '# top\ndb:\n    client: sqlite3   # which\n    file: "a.db"\nz: 1\n',
      key: 'db.client',
      value: 'pg',
      after: '# top\ndb:\n    client: pg   # which\n    file: "a.db"\nz: 1\n',
    },
    { name: 'in single quotes', before: "c: 'it''s'\n", key: 'c', value: "p'w", after: "c: 'p''w'\n" },
    {
      name: 'a text that would read as another type is quoted',
      before: 'c: sqlite\n',
      key: 'c',
      value: 'yes: no',
      after: 'c: "yes: no"\n',
    },
    { name: 'a text of digits', before: 'c: sqlite\n', key: 'c', value: '5432', after: 'c: "5432"\n' },
    { name: 'a number', before: 'c: 1 # n\n', key: 'c', value: 5432, after: 'c: 5432 # n\n' },
    { name: 'without a value', before: 'c:\nd: 1\n', key: 'c', value: 'pg', after: 'c: pg\nd: 1\n' },
    { name: 'a block of text', before: 'c: |\n  a\n  b\nd: 1\n', key: 'c', value: 'pg', after: 'c: pg\nd: 1\n' },
    {
      name: 'in flow style',
      before: 'db: {client: sqlite, n: [1, 2]}\n',
      key: 'db.client',
      value: 'pg',
      after: 'db: {client: pg, n: [1, 2]}\n',
    },
    { name: 'an element', before: 'a:\n- x: 1\n- x: 2\n', key: 'a.1.x', value: 3, after: 'a:\n- x: 1\n- x: 3\n' },
    {
      name: 'an anchor that others refer to',
      before: 'a: &v x\nb: *v\n',
      key: 'a',
      value: 'y',
      after: null,
      says: /changing more/,
    },
    { name: 'an alias', before: 'a: &v x\nb: *v\n', key: 'b', value: 'y', after: null, says: /no plain value/ },
    {
      name: 'two documents',
      before: 'a: 1\n---\na: 2\n',
      key: 'a',
      value: 'y',
      after: null,
      says: /one YAML document/,
    },
    { name: 'a map', before: 'a:\n  b: 1\n', key: 'a', value: 'y', after: null, says: /no plain value/ },
  ],
  toml: [
    {
      name: 'a table, with comments',
      before: '# c\n[db] # d\nclient = "sqlite" # e\nn = 1\n',
      key: 'db.client',
      value: 'pg',
      after: '# c\n[db] # d\nclient = "pg" # e\nn = 1\n',
    },
    { name: 'a literal string', before: "p = 'C:\\a'\n", key: 'p', value: 'b\\c', after: "p = 'b\\c'\n" },
    { name: 'dotted keys', before: 'a.b.c = 1\n', key: 'a.b.c', value: 2, after: 'a.b.c = 2\n' },
    {
      name: 'an array of tables',
      before: '[[s]]\nu = "x"\n[[s]]\nu = "y"\n',
      key: 's.1.u',
      value: 'z',
      after: '[[s]]\nu = "x"\n[[s]]\nu = "z"\n',
    },
    {
      name: 'an inline table',
      before: 'd = { u = "x", n = 1979-05-27 }\n',
      key: 'd.u',
      value: 'z',
      after: 'd = { u = "z", n = 1979-05-27 }\n',
    },
    {
      name: 'text over lines',
      before: 'a = """x\ny"""\nb = 1\n',
      key: 'a',
      value: 'q"r',
      after: 'a = "q\\"r"\nb = 1\n',
    },
    { name: 'null', before: 'a = 1\n', key: 'a', value: null, after: null, says: /null/ },
    { name: 'not TOML', before: 'a = \n', key: 'a', value: 1, after: null, says: /not valid TOML/ },
  ],
  ini: [
    {
      name: 'a section, comments and CRLF',
      before: '; c\r\n[database]\r\ntype = sqlite3 ; d\r\nhost=\r\n',
      key: 'database.type',
      value: 'postgres',
      after: '; c\r\n[database]\r\ntype = postgres ; d\r\nhost=\r\n',
    },
    { name: 'before any section', before: 'a: 1\n[x]\na: 2\n', key: 'a', value: '3', after: 'a: 3\n[x]\na: 2\n' },
    { name: 'a section with a dot', before: '[a.b]\nc = 1\n', key: '/a.b/c', value: '2', after: '[a.b]\nc = 2\n' },
    { name: 'a value with a ; is quoted', before: '[d]\np = x\n', key: 'd.p', value: 'a;b', after: '[d]\np = "a;b"\n' },
    { name: 'in quotes', before: '[d]\np = "x" # c\n', key: 'd.p', value: 'y', after: '[d]\np = "y" # c\n' },
    {
      name: 'commented out is not there',
      before: '[d]\n;p = x\n',
      key: 'd.p',
      value: 'y',
      after: null,
      says: /is not there/,
    },
    {
      name: 'a value over lines',
      before: '[d]\np = x\n  y\n',
      key: 'd.p',
      value: 'y',
      after: null,
      says: /several lines/,
    },
  ],
};

for (const [name, list] of Object.entries(cases) as [FileFormat, readonly Case[]][]) {
  describe(`a key of a file in ${name}`, () => {
    for (const one of list) {
      test(one.name, () => {
        const set = () => setValue(formats[name], one.before, pathOf(one.key), one.value);
        if (one.after !== null) assert.equal(set(), one.after);
        else
          assert.throws(set, (error: unknown) => error instanceof EditProblem && (one.says ?? /./).test(error.message));
      });
    }
  });
}
