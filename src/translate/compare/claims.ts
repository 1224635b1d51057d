import type { Finding, TablePlan } from '../../model/plan.js';
import type { SchemaObject, SchemaReference } from '../../model/schema.js';
import type { SourceCatalog, SourceForeignKey, SourceTable } from '../../model/source.js';
import type { TargetCatalog, TargetColumn, TargetTable } from '../../model/target.js';
import { translateDefault } from '../default/default-sql.js';
import { makeFinding } from '../../plan/findings/finding.js';
import { explainBroken } from '../../plan/graph/foreign-keys.js';
import { byName, foldCase, isSameName } from '../../lib/fold-case.js';
import { shortName } from '../../plan/names/names.js';
import { readTableSql } from '../table/table-sql.js';
import { textType } from '../pg-type.js';
import { describeActions, hasActions, isSamePairing, type Pairing } from './references.js';
import { isSaidByType } from './said-by-type.js';
import { checkWaiver, columnWaiver, foreignKeyWaiver, indexWaiver, isWaived } from '../../plan/findings/waive.js';

/** What the source's schema promises, held against what PostgreSQL's catalog says. */
export interface ClaimsRequest {
  readonly source: SourceCatalog;
  readonly target: TargetCatalog;
  readonly objects: readonly SchemaObject[];
  readonly tables: readonly TablePlan[];
  /** What the translation could not carry and the operator waived; an entry for each loss. */
  readonly lost: readonly string[];
  /** Whether pgferry made the schema. A broken promise is then an error, else a warning. */
  readonly isTranslated: boolean;
}

/** What is asked for, with the plans of parents by their names. */
interface Checked extends ClaimsRequest {
  readonly planOf: (source: string) => TablePlan | undefined;
}

/** One table of both sides, with what is needed to check its promises and to report those that are broken. */
interface Pair {
  readonly request: Checked;
  readonly source: SourceTable;
  readonly target: TargetTable;
  readonly plan: TablePlan;
  readonly names: ReadonlyMap<string, string>;
  readonly objects: readonly SchemaObject[];
}

/**
 * Every primary key, UNIQUE, foreign key, CHECK, index, NOT NULL, default, identity and generated column of the source
 * must be on the target too, with the same columns in the same order and the same actions. One finding for each that is not.
 */
export function checkClaims(request: ClaimsRequest): Finding[] {
  const { source, target, tables, objects } = request;
  const checked = { ...request, planOf: byName(tables, (table) => table.source) };
  const sources = new Map(source.tables.map((table) => [table.name, table]));
  const targets = new Map(target.tables.map((table) => [table.name, table]));
  const objectsOf = new Map<string, SchemaObject[]>();
  for (const object of objects) {
    const own = objectsOf.get(object.table);
    if (own === undefined) objectsOf.set(object.table, [object]);
    else own.push(object);
  }
  return tables.flatMap((plan) => {
    const [from, to] = [sources.get(plan.source), targets.get(plan.target)];
    if (from === undefined || to === undefined) return [];
    const own = objectsOf.get(plan.target) ?? [];
    return checkTable({ request: checked, plan, names: namesOf(plan), source: from, target: to, objects: own });
  });
}

function checkTable(pair: Pair): Finding[] {
  return [
    ...checkColumns(pair),
    ...checkPrimaryKey(pair),
    ...checkUniques(pair),
    ...checkForeignKeys(pair),
    ...checkIndexes(pair),
    ...checkChecks(pair),
  ];
}

function broken({ request, source }: Pair, column: string | null, what: string, waiver?: string): Finding {
  const waive = waiver === undefined ? '' : `; if it is meant: --waive '${waiver}'`;
  return makeFinding({
    severity: request.isTranslated ? 'error' : 'warning',
    code: 'verify.schema_differs',
    table: source.name,
    ...(column === null ? {} : { column }),
    message: `SQLite has ${what}, the target has not`,
    hint: request.isTranslated
      ? `make it on the target, or translate again with --reset-schema${waive}`
      : 'make it on the target if the application relies on it',
    ...(waiver === undefined ? {} : { waiver }),
  });
}

/** The target's names by the source's, without case. */
function namesOf(plan: TablePlan): ReadonlyMap<string, string> {
  return new Map(plan.columns.map(({ source, target }) => [foldCase(source), target]));
}

/** The target's name of a source column; generated columns are in no plan. */
function nameOn(names: ReadonlyMap<string, string>, name: string): string {
  return names.get(foldCase(name)) ?? shortName(name);
}

function checkColumns(pair: Pair): Finding[] {
  const { source, target, names, request } = pair;
  const columns = new Map(target.columns.map((column) => [column.name, column]));
  return source.columns.flatMap((column) => {
    const found = columns.get(nameOn(names, column.name));
    if (found === undefined) return [];
    const isLost = (kind: 'default' | 'generated') =>
      isWaived(request.lost, columnWaiver(kind, { table: source.name, column: column.name }));
    const isKey = source.primaryKey.includes(column.name) && isWholeKey(pair);
    const promises: readonly (readonly [boolean, boolean, string])[] = [
      [column.notNull || isKey, found.notNull, 'NOT NULL'],
      [hasDefault(column.defaultSql), hasFiller(found) || isLost('default'), `the default ${column.defaultSql}`],
      [column.generated !== 'no', found.isGenerated || isLost('generated'), 'a generated column'],
      [countsOn(source, column.name), hasFiller(found), 'a key that counts on by itself'],
    ];
    return promises
      .filter(([isPromised, isFulfilled]) => isPromised && !isFulfilled)
      .map(([, , what]) => broken(pair, column.name, what));
  });
}

/** SQLite's INTEGER PRIMARY KEY counts on by itself; one that is a foreign key takes its values from the parent. */
function countsOn({ rowidAlias, foreignKeys }: SourceTable, column: string): boolean {
  const isReference = foreignKeys.some(({ columns }) => columns.length === 1 && isSameName(columns[0] ?? '', column));
  return rowidAlias === column && !isReference;
}

function hasDefault(defaultSql: string | null): boolean {
  if (defaultSql === null) return false;
  const choice = translateDefault(defaultSql, textType);
  return choice.tag === 'untranslated' || choice.sql !== null;
}

function hasFiller({ defaultSql, identity, isGenerated }: TargetColumn): boolean {
  return defaultSql !== null || identity !== 'no' || isGenerated;
}

function checkPrimaryKey(pair: Pair): Finding[] {
  const { source, target, names } = pair;
  const wanted = source.primaryKey.map((name) => nameOn(names, name));
  if (wanted.length === 0 || isSame(wanted, target.primaryKey)) return [];
  if (!isWholeKey(pair) && hasUnique(pair, wanted)) return [];
  return [broken(pair, null, `PRIMARY KEY (${source.primaryKey.join(', ')})`)];
}

/** Whether the source's primary key identifies its rows; one that holds NULLs is no more than a UNIQUE of PostgreSQL's. */
function isWholeKey({ source, plan }: Pair): boolean {
  const names = plan.key.columns.map((index) => plan.columns[index]?.source ?? '');
  return plan.key.origin === 'primary' && isSame(names, source.primaryKey);
}

function checkUniques(pair: Pair): Finding[] {
  const { source, names } = pair;
  return source.indexes
    .filter(({ origin }) => origin === 'u')
    .map(({ columns }) => columns.map(({ column }) => column ?? ''))
    .filter(
      (columns) =>
        !hasUnique(
          pair,
          columns.map((name) => nameOn(names, name)),
        ),
    )
    .map((columns) => broken(pair, null, `UNIQUE (${columns.join(', ')})`));
}

function hasUnique({ objects }: Pair, columns: readonly string[]): boolean {
  return objects.some((object) => object.isUnique && isSameSet(object.columns, columns));
}

function checkForeignKeys(pair: Pair): Finding[] {
  const { source, request } = pair;
  return source.foreignKeys
    .filter(
      (key) => explainBroken(key, request.source) === null && !isWaivedKey(pair, key) && !hasForeignKey(pair, key),
    )
    .map((key) => {
      const column = key.columns.length === 1 ? (key.columns[0] ?? null) : null;
      const what = `FOREIGN KEY (${key.columns.join(', ')}) REFERENCES ${key.parentTable} (${key.parentColumns.join(', ')})`;
      const finding = broken(
        pair,
        column,
        `${what} ${describeActions(key)}`,
        foreignKeyWaiver(source.name, key.columns),
      );
      const [other] = referencesLike(pair, key) ?? [];
      if (other === undefined) return finding;
      const message = `${what} is ${describeActions(key)} in SQLite, and ${describeActions(other)} on the target`;
      return { ...finding, message };
    });
}

/** Whether the foreign key is waived, or its parent is not part of the plan. */
function isWaivedKey({ request, source }: Pair, key: SourceForeignKey): boolean {
  const isPlanned = request.planOf(key.parentTable) !== undefined;
  return !isPlanned || isWaived(request.lost, foreignKeyWaiver(source.name, key.columns));
}

function hasForeignKey(pair: Pair, key: SourceForeignKey): boolean {
  return referencesLike(pair, key)?.some((reference) => hasActions(reference, key)) ?? true;
}

/** The foreign keys of the target between the same columns, whatever they do; null where the parent is not planned. */
function referencesLike({ objects, names, request }: Pair, key: SourceForeignKey): SchemaReference[] | null {
  const parent = request.planOf(key.parentTable);
  if (parent === undefined) return null;
  const parentNames = namesOf(parent);
  const wanted: Pairing = [
    key.columns.map((name) => nameOn(names, name)),
    key.parentColumns.map((name) => nameOn(parentNames, name)),
  ];
  return objects.flatMap(({ columns, reference }) => {
    if (reference?.table !== parent.target || reference.schema !== parent.targetSchema) return [];
    return isSamePairing([columns, reference.columns], wanted) ? [reference] : [];
  });
}

function checkIndexes(pair: Pair): Finding[] {
  const { source, request } = pair;
  return source.indexes
    .filter(({ origin, name }) => origin === 'c' && !isWaived(request.lost, indexWaiver(name)))
    .filter((index) => !hasIndex(pair, index))
    .map(({ name, sql }) => broken(pair, null, `the index ${name} (${sql ?? ''})`, indexWaiver(name)));
}

/** Whether the index is there: by its name, or, in a schema that pgferry did not make, by its columns. */
function hasIndex({ objects, names, request }: Pair, index: SourceTable['indexes'][number]): boolean {
  const columns = index.columns.map(({ column }) => (column === null ? '' : nameOn(names, column)));
  return objects.some((object) => {
    const isNamed = object.kind === 'index' && object.name === shortName(index.name);
    const isIndex = ['index', 'unique', 'primary_key'].includes(object.kind);
    const isAlike = !request.isTranslated && isIndex && !columns.includes('') && isSame(object.columns, columns);
    const keepsUnique = object.isUnique || !index.isUnique || index.isPartial;
    return ((isNamed && object.columns.length === columns.length) || isAlike) && keepsUnique;
  });
}

function checkChecks(pair: Pair): Finding[] {
  const { source, target, names, objects, request } = pair;
  // Most tables have none, and taking a CREATE TABLE apart is dear.
  if (!/check/i.test(source.sql)) return [];
  const columnOf = (name: string) => target.columns.find((column) => column.name === nameOn(names, name)) ?? null;
  const checks = readTableSql(source.sql)?.checks ?? [];
  const promised = checks.filter(({ expression }) => !isSaidByType(expression, columnOf)).length;
  const lost = request.lost.filter((name) => name === checkWaiver(source.name)).length;
  const found = objects.filter(({ kind }) => kind === 'check').length;
  if (promised - lost <= found || request.lost.includes(checkWaiver('*'))) return [];
  return [broken(pair, null, promised === 1 ? 'a CHECK' : `${promised} CHECKs, of which ${found} are there`)];
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name, index) => name === b[index]);
}

function isSameSet(a: readonly string[], b: readonly string[]): boolean {
  return isSame([...a].sort(), [...b].sort());
}
