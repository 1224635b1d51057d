import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ForeignKeyViolation, SourceForeignKey, SourceIndex, SourceTable } from '../../src/model/source.js';
import type { TargetTable } from '../../src/model/target.js';
import { buildPlan } from '../../src/plan/build.js';
import type { PlanChoices, PlanRequest } from '../../src/plan/plan-request.js';
import { emptyColumn } from '../../src/source/census/merge.js';
import { chooseKey } from '../../src/plan/key.js';
import { planToMermaid } from '../../src/plan/graph/mermaid.js';
import {
  emptyCensus,
  sourceCatalog,
  sourceColumn,
  sourceTable,
  targetCatalog,
  targetColumn,
  targetTable,
} from './fixtures.js';

const options: PlanChoices = {
  tables: null,
  exclude: [],
  keepConstraints: false,
  truncateTarget: false,
  replaceable: new Set(),
  format: 'binary',
  isFormatForced: false,
};

function request(
  sources: readonly SourceTable[],
  targets: readonly TargetTable[],
  parts: Partial<PlanRequest> = {},
): PlanRequest {
  return {
    source: sourceCatalog(sources),
    target: targetCatalog(targets),
    census: emptyCensus(sources),
    chunksOf: (table) => [{ table, index: 0, range: { tag: 'whole' }, estimatedRows: 1, estimatedBytes: 100 }],
    violations: [],
    options,
    ...parts,
  };
}

/** Severity, code and table of each finding. */
function codes(given: PlanRequest): string[] {
  return buildPlan(given).findings.map((one) => `${one.severity} ${one.code} ${one.table ?? '-'}`);
}

const reference: SourceForeignKey = {
  id: 0,
  columns: ['parentId'],
  parentTable: 'PARENT',
  parentColumns: ['id'],
  onUpdate: 'NO ACTION',
  onDelete: 'CASCADE',
  deferrable: 'no',
};
const idColumns = { columns: [sourceColumn({ name: 'id' })], primaryKey: ['id'] };
const parent = sourceTable({ name: 'Parent', ...idColumns });
const child = sourceTable({ name: 'Child', columns: [sourceColumn({ name: 'parentId' })], foreignKeys: [reference] });
const parentTarget = targetTable({ name: 'Parent', columns: [targetColumn({ name: 'id' })], primaryKey: ['id'] });
const childKey = {
  name: 'fk',
  columns: ['parent_id'],
  parentSchema: 'public',
  parentTable: 'Parent',
  parentColumns: ['id'],
};
const childTarget = targetTable({
  name: 'child',
  columns: [targetColumn({ name: 'parent_id' })],
  foreignKeys: [childKey],
});
const family = [[child, parent] as const, [childTarget, parentTarget] as const] as const;

test('tables and columns are matched, layered and ordered, and how they matched is noted', () => {
  const plan = buildPlan(request(...family));
  assert.deepEqual(plan.layers, [['Parent'], ['Child']]);
  assert.deepEqual(
    plan.tables.map(({ target, layer }) => [target, layer]),
    [
      ['Parent', 0],
      ['child', 1],
    ],
  );
  assert.deepEqual(plan.edges, [{ child: 'Child', parent: 'Parent' }]);
  assert.deepEqual(
    plan.findings.map((one) => `${one.severity} ${one.code} ${one.column}`),
    ['note plan.matched null', 'note plan.matched parentId'],
  );
});

test('every difference between the schemas is listed at once', () => {
  const sources = [
    sourceTable({ name: 'gone' }),
    sourceTable({ name: 't', columns: [sourceColumn({ name: 'lost' })] }),
  ];
  const columns = [
    targetColumn({ name: 'needed', notNull: true }),
    targetColumn({ name: 'defaulted', notNull: true, defaultSql: 'now()' }),
    targetColumn({ name: 'numbered', notNull: true, identity: 'always' }),
    targetColumn({ name: 'optional' }),
  ];
  const found = codes(request(sources, [targetTable({ columns })]));
  assert.deepEqual(found, [
    'error plan.table_missing gone',
    'warning plan.column_missing t',
    'error plan.column_unfilled t',
  ]);
});

test('a server or table that cannot take the rows is refused, each for its reason', () => {
  const tables = [
    targetTable({ isUnlogged: true, kind: 'p', hasRowSecurity: true, triggers: ['audit'], isOwned: false }),
  ];
  const target = targetCatalog(tables, { encoding: 'LATIN1', isReadOnly: true, schemaExists: false });
  assert.deepEqual(codes(request([sourceTable()], tables, { target })), [
    'error plan.encoding -',
    'error plan.read_only -',
    'error plan.schema_missing -',
    'error plan.unlogged t',
    'note plan.table_kind t',
    'warning plan.row_security t',
    'warning plan.triggers t',
    'note plan.not_owner -',
  ]);
});

test('missing rights come with their GRANT, and TRUNCATE counts only where rows must go', () => {
  const tables = [targetTable({ missingPrivileges: ['INSERT', 'TRUNCATE'] })];
  const [finding] = buildPlan(request([sourceTable()], tables)).findings;
  assert.equal(finding?.code, 'plan.no_rights');
  assert.equal(finding?.hint, 'GRANT INSERT ON "public"."t" TO "app ""x""";');
  const [other] = buildPlan(
    request([sourceTable()], tables, { options: { ...options, truncateTarget: true } }),
  ).findings;
  assert.match(other?.hint ?? '', /^GRANT INSERT, TRUNCATE ON/);
});

test('a target with rows of its own is refused unless they may go', () => {
  const given = request([sourceTable()], [targetTable({ hasRows: true })]);
  assert.deepEqual(codes(given), ['error plan.target_has_rows -']);
  assert.match(buildPlan(given).findings[0]?.hint ?? '', /TRUNCATE_TARGET=1/);
  assert.deepEqual(codes({ ...given, options: { ...options, truncateTarget: true } }), []);
  assert.deepEqual(codes({ ...given, options: { ...options, replaceable: new Set(['t']) } }), []);
});

test('orphans refuse the plan where the target has the foreign key, and are noted where not', () => {
  const violations: ForeignKeyViolation[] = [
    { table: 'Child', foreignKeyId: 0, parentTable: 'PARENT', count: 5, examples: ['id=7'] },
  ];
  const refused = buildPlan(request(...family, { violations })).findings.find((one) => one.code === 'plan.orphans');
  assert.deepEqual([refused?.severity, refused?.column], ['error', 'parentId']);
  assert.match(refused?.message ?? '', /^5 rows .* id=7$/);
  const free = [{ ...childTarget, foreignKeys: [] }, parentTarget];
  const noted = buildPlan(request(family[0], free, { violations })).findings.find((one) => one.code === 'plan.orphans');
  assert.equal(noted?.severity, 'note');
});

test('a broken foreign key is a warning with its reason', () => {
  const breaks = [
    { ...reference, parentTable: 'Nobody' },
    { ...reference, parentColumns: ['nothing'] },
    { ...reference, parentColumns: [] },
  ];
  for (const broken of breaks) {
    const found = codes(request([{ ...child, foreignKeys: [broken] }, parent], family[1]));
    assert.ok(found.includes('warning plan.broken_foreign_key Child'), broken.parentTable);
  }
  const loose = codes(request([child, { ...parent, primaryKey: [] }], family[1]));
  assert.ok(loose.includes('warning plan.broken_foreign_key Child'));
});

test('a generated column of the target is not copied into', () => {
  const given = request([sourceTable()], [targetTable({ columns: [targetColumn({ isGenerated: true })] })]);
  const plan = buildPlan(given);
  assert.deepEqual(plan.tables[0]?.columns, []);
  assert.deepEqual(codes(given), ['warning plan.generated t']);
});

test('a choice of tables leaves the others out by name, and an unknown name is refused', () => {
  const given = request(...family, { options: { ...options, tables: ['PARENT', 'typo'] } });
  assert.deepEqual(
    buildPlan(given).leftOut.map(({ name, type }) => [name, type]),
    [['Child', 'excluded']],
  );
  assert.deepEqual(codes(given), ['error plan.unknown_table typo']);
});

test('a table goes as text where a column has no binary form, and says why', () => {
  const targets = [targetTable({ columns: [targetColumn({ baseType: 'inet' })] })];
  const given = request([sourceTable()], targets, { options: { ...options, isFormatForced: true } });
  const plan = buildPlan(given);
  assert.deepEqual(
    [plan.tables[0]?.format, plan.tables[0]?.formatReason],
    ['text', 'c is inet, which is given as text'],
  );
  assert.deepEqual(codes(given), ['warning plan.format t']);
});

test('a table that we do not own keeps all constraints in force', () => {
  assert.equal(buildPlan(request([sourceTable()], [targetTable({ isOwned: false })])).keepsConstraints, true);
  assert.equal(buildPlan(request([sourceTable()], [targetTable()])).keepsConstraints, false);
});

test('the hash changes with a decision and not with wording', () => {
  const given = request(...family);
  const { hash } = buildPlan(given);
  assert.match(hash, /^[0-9a-f]{64}$/);
  const reworded = { ...options, chooseReader: () => ({ reader: 'rows' as const, reason: 'other words' }) };
  assert.equal(buildPlan({ ...given, options: reworded }).hash, hash);
  assert.notEqual(buildPlan({ ...given, options: { ...options, keepConstraints: true } }).hash, hash);
  assert.notEqual(buildPlan({ ...given, options: { ...options, format: 'text' } }).hash, hash);
  const chunks = { ...given, chunksOf: () => [] };
  assert.notEqual(buildPlan(chunks).hash, hash);
});

function uniqueIndex(columns: readonly string[]): SourceIndex {
  const parts = columns.map((column) => ({ column, descending: false, collation: 'BINARY' }));
  return { name: columns.join(), isUnique: true, origin: 'u', isPartial: false, columns: parts, sql: null };
}

test('the key is the primary key, else the unique key of the runbook, else every column', () => {
  const names = ['identifier', 'token', 'expires'];
  const columns = names.map((name) => sourceColumn({ name, notNull: true }));
  const targets = names.map((name) => targetColumn({ name, notNull: true }));
  const censusOf = (nulls: number) => ({
    table: 't',
    rows: 9,
    columns: names.map((name) => ({ ...emptyColumn(name), nulls })),
  });
  const planned = { columns: names.map((name) => ({ source: name, target: name })), census: censusOf(0) };
  const indexes = [uniqueIndex(['token']), uniqueIndex(['identifier', 'token'])];
  const source = sourceTable({ columns, indexes });
  const target = targetTable({ columns: targets, uniqueKeys: [['token'], ['token', 'identifier']] });
  assert.deepEqual(chooseKey({ ...source, primaryKey: ['token'] }, target, planned), {
    origin: 'primary',
    columns: [1],
  });
  assert.deepEqual(chooseKey(source, { ...target, primaryKey: ['expires'] }, planned), {
    origin: 'primary',
    columns: [2],
  });
  assert.deepEqual(chooseKey(source, target, planned), { origin: 'unique', columns: [0, 1] });
  assert.deepEqual(chooseKey(source, { ...target, uniqueKeys: [['token']] }, planned), {
    origin: 'unique',
    columns: [1],
  });
  const nullable = { ...target, columns: [targetColumn({ name: 'token' })], uniqueKeys: [['token']] };
  assert.deepEqual(chooseKey(source, nullable, planned), { origin: 'none', columns: [0, 1, 2] });
  const withNulls = { ...planned, census: censusOf(2) };
  assert.deepEqual(chooseKey({ ...source, primaryKey: ['token'] }, nullable, withNulls), {
    origin: 'none',
    columns: [0, 1, 2],
  });
});

test('the graph names no table in its syntax, so that no name can break it', () => {
  const name = 'a"] --> b\n#';
  const plan = buildPlan(request([sourceTable({ name })], [targetTable({ name })]));
  const [, , line] = planToMermaid(plan).split('\n');
  assert.equal(line, '    t0["a#34;#93; --#62; b#10;#35; (0 rows)"]');
});

test('too few locks for a schema are an error where there is no room, a warning where there is little', () => {
  const found = (locksNeeded: number) =>
    codes(request([sourceTable()], [targetTable()], { target: targetCatalog([targetTable()], { locksNeeded }) }));
  assert.deepEqual(found(5_000), []);
  assert.deepEqual(found(5_001), ['warning plan.few_locks -']);
  assert.deepEqual(found(15_001), ['error plan.few_locks -']);
});

test('a table that stays open to others is noted', () => {
  const table = targetTable({ staysOpen: 'a subscription writes to it' });
  assert.deepEqual(codes(request([sourceTable()], [table])), ['note plan.stays_open t']);
});
