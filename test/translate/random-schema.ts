import fc from 'fast-check';
import { quoteIdentifier } from '../../src/lib/quote.js';

const long = 'x'.repeat(70);
const tableNames = fc.constantFrom(
  't',
  'Order',
  'select',
  'two words',
  'quote"d',
  '😀',
  `${long}a`,
  `${long}b`,
  'ünï',
  't_pkey',
  'new\nline',
);
const names = fc.constantFrom(
  'id',
  'Name',
  'select',
  'a b',
  'quote"d',
  '😀',
  long,
  `${long}y`,
  'user',
  'é',
  'order_id',
);
const types = fc.constantFrom(
  'INTEGER',
  'TEXT',
  'REAL',
  'BLOB',
  '',
  'BOOLEAN',
  'DATETIME',
  'DATE',
  'DECIMAL(4,2)',
  'VARCHAR(3)',
  'JSON',
  'UUID',
  'STRING',
  'INT UNSIGNED',
  'DOUBLE PRECISION',
);
const defaults = fc.constantFrom(
  '',
  '',
  " DEFAULT 'x'",
  ' DEFAULT -1',
  ' DEFAULT NULL',
  ' DEFAULT CURRENT_TIMESTAMP',
  ' DEFAULT (unixepoch())',
  ' DEFAULT 1.5',
  " DEFAULT x'00'",
  ' DEFAULT true',
);
const rules = fc.constantFrom('', '', ' NOT NULL', ' UNIQUE', ' COLLATE NOCASE', ' COLLATE NOCASE UNIQUE');
const values = fc.constantFrom(
  '1',
  "'x'",
  '1.5',
  "x'00'",
  '0',
  "'2024-01-01'",
  '1700000000000',
  "''",
  '9007199254740993',
  'NULL',
);
const checks = fc.constantFrom(
  '',
  '',
  '= 1',
  "LIKE 'x%'",
  "GLOB '[a-z]?*'",
  'IS NOT NULL',
  "IN ('x', 'y')",
  '> 0.5',
  "|| 'x' = 'xx'",
  'BETWEEN 0 AND 9',
  '% 2 = 1',
  '& 3 = 1',
);
const columns = fc.record({ name: names, type: types, rest: defaults, rule: rules, check: checks, value: values });
const table = fc.record({
  name: tableNames,
  columns: fc.uniqueArray(columns, { selector: ({ name }) => name, minLength: 1, maxLength: 6 }),
  key: fc.constantFrom('none', 'one', 'two', 'autoincrement', 'without rowid'),
  index: fc.constantFrom('none', 'plain', 'desc', 'unique', 'partial', 'expression', 'nocase'),
  parent: fc.nat({ max: 2 }),
});
type Draft = typeof table extends fc.Arbitrary<infer T> ? T : never;

/** The SQL of one random schema of three tables that refer to each other by any column, with a row or none in each. */
export const randomSchemaSql: fc.Arbitrary<string> = fc
  .uniqueArray(table, { selector: ({ name }) => name.toLowerCase(), minLength: 3, maxLength: 3 })
  .map((drafts) =>
    ['PRAGMA foreign_keys = OFF;', ...drafts.map((draft, at) => tableSql(draft, at, drafts))].join('\n'),
  );

function tableSql(draft: Draft, at: number, drafts: readonly Draft[]): string {
  const own = quoteIdentifier(draft.name);
  const [first, second = first] = draft.columns;
  const last = draft.columns.at(-1) ?? first;
  if (first === undefined || second === undefined || last === undefined) throw new Error('a table has a column');
  const isCounted = draft.key === 'autoincrement';
  const lines = draft.columns.map(({ name, type, rest, rule }, index) =>
    isCounted && index === 0
      ? `${quoteIdentifier(name)} INTEGER PRIMARY KEY AUTOINCREMENT`
      : `${quoteIdentifier(name)} ${type}${rest}${rule}`,
  );
  const parent = drafts[draft.parent] ?? draft;
  const key = quoteIdentifier(parent.columns[0]?.name ?? '');
  const keys = {
    none: [],
    one: [`PRIMARY KEY (${quoteIdentifier(first.name)})`],
    two: [`PRIMARY KEY (${quoteIdentifier(second.name)}, ${quoteIdentifier(first.name)})`],
    autoincrement: [],
    'without rowid': [`PRIMARY KEY (${quoteIdentifier(first.name)})`],
  };
  const isTwice = draft.key === 'two' && second === first;
  const constraints = [
    ...(isTwice ? [] : keys[draft.key]),
    `FOREIGN KEY (${quoteIdentifier(last.name)}) REFERENCES ${quoteIdentifier(parent.name)} (${key}) ON DELETE SET NULL`,
    ...(last.check === '' ? [] : [`CHECK (${quoteIdentifier(last.name)} ${last.check})`]),
  ];
  const suffix = draft.key === 'without rowid' ? ' WITHOUT ROWID' : '';
  const isRowid = (type: string, index: number) =>
    index === 0 && (isCounted || (draft.key === 'one' && type === 'INTEGER'));
  const row = draft.columns.map(({ type, value }, index) => (isRowid(type, index) ? '1' : value)).join();
  return `CREATE TABLE ${own} (${[...lines, ...constraints].join()})${suffix}; ${indexSql(draft, `i${at}`)}
    INSERT OR IGNORE INTO ${own} VALUES (${row});`;
}

function indexSql(draft: Draft, name: string): string {
  const own = quoteIdentifier(draft.name);
  const first = quoteIdentifier(draft.columns[0]?.name ?? '');
  const last = quoteIdentifier(draft.columns.at(-1)?.name ?? '');
  const indexes = {
    none: '',
    plain: `CREATE INDEX ${name} ON ${own} (${last});`,
    desc: `CREATE INDEX ${name} ON ${own} (${last} DESC, ${first});`,
    unique: `CREATE UNIQUE INDEX ${name} ON ${own} (${last});`,
    partial: `CREATE INDEX ${name} ON ${own} (${first}) WHERE ${last} > 5;`,
    expression: `CREATE INDEX ${name} ON ${own} (lower(${last}), ${first} + 1);`,
    nocase: `CREATE UNIQUE INDEX ${name} ON ${own} (${last} COLLATE NOCASE);`,
  };
  return indexes[draft.index];
}
