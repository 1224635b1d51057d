import type { ColumnPlan, Finding, TablePlan } from '../../model/plan.js';
import { type Policies, policyFor } from '../../model/rules.js';
import type { ForeignKeyViolation } from '../../model/source.js';
import type { TargetForeignKey } from '../../model/target.js';
import type { SqliteValue } from '../../model/value.js';
import { configLine } from './choices.js';
import { makeFinding } from './finding.js';

const examplesMax = 3;
const shownCharsMax = 60;

/** Values that some rows have together. */
interface RowsOfValue {
  readonly rows: number;
  readonly key: string;
  readonly values: readonly SqliteValue[];
}

interface EqualRowsFound {
  readonly count: number;
  readonly examples: readonly { readonly first: string; readonly last: string }[];
  /** The name by which the key is given up. */
  readonly waiver: string;
  /** The index, where the columns alone do not say what is equal. */
  readonly index?: string;
  /** Whether the schema is a translation, whose types can be others. */
  readonly isTranslated?: boolean;
}

/** Rows that the target holds for equal under one of its unique keys. */
export function duplicateFinding(
  table: TablePlan,
  columns: readonly ColumnPlan[],
  { count, examples, waiver, index, isTranslated = false }: EqualRowsFound,
): Finding {
  const names = columns.map(({ target }) => target).join(', ');
  const key = index === undefined ? `(${names})` : `${index} (over ${names})`;
  const named = examples.map(({ first, last }) => `${last} as ${first}`).join('; ');
  return rowsFinding(table, {
    code: 'data.duplicate_key',
    hazard: 'duplicate_key',
    columns,
    message: `${count} ${count === 1 ? 'row has' : 'rows have'} the values of another row under the unique key ${key} of the target: ${named}`,
    hint: `correct these rows in the source, or do without the key: --waive '${waiver}'`,
    waiver,
    ...(isTranslated && canBeText(columns) ? { choices: [asTexts(table, columns)] } : {}),
  });
}

/** Rows of which an EXCLUDE constraint of the target takes one alone. */
export function exclusionFinding(
  table: TablePlan,
  columns: readonly ColumnPlan[],
  { count, examples, name }: Pick<EqualRowsFound, 'count' | 'examples'> & { readonly name: string },
): Finding {
  const waiver = `exclusion:${name}`;
  const named = examples.map(({ first, last }) => `${last} with ${first}`).join('; ');
  return rowsFinding(table, {
    code: 'data.excluded',
    hazard: 'excluded',
    columns,
    message: `${count} ${count === 1 ? 'row conflicts' : 'rows conflict'} with another row under the EXCLUDE constraint ${name} of the target (over ${columns.map(({ target }) => target).join(', ')}): ${named}`,
    hint: `correct these rows in the source, or do without the constraint: --waive '${waiver}'`,
    waiver,
  });
}

/** Whether texts would keep apart what the types of the columns hold for equal. */
function canBeText(columns: readonly ColumnPlan[]): boolean {
  return columns.some(({ kind }) => kind.tag !== 'text');
}

function asTexts({ source }: TablePlan, columns: readonly ColumnPlan[]): string {
  const types = columns.filter(({ kind }) => kind.tag !== 'text').map((column) => [column.source, { type: 'text' }]);
  return configLine({ tableRules: { [source]: { columns: Object.fromEntries(types) } } });
}

/** Rows whose parent is missing under a foreign key that only the target has. */
export function targetOrphanFinding(
  table: TablePlan,
  key: TargetForeignKey,
  { count, examples }: Pick<ForeignKeyViolation, 'count' | 'examples'>,
): Finding {
  return referenceFinding(table, key, {
    message: `${count} ${count === 1 ? 'row refers' : 'rows refer'} through (${key.columns.join(', ')}) to rows that ${key.parentTable} does not have, for example ${examples.join('; ')}: the foreign key ${key.name} is the target's alone`,
    hint: 'delete or correct these rows in SQLite, or drop the foreign key on the target',
  });
}

/** Rows that refer by some of the columns alone, which MATCH FULL refuses. */
export function halfReferenceFinding(
  table: TablePlan,
  key: TargetForeignKey,
  { count, examples }: Pick<ForeignKeyViolation, 'count' | 'examples'>,
): Finding {
  return referenceFinding(table, key, {
    message: `${count} ${count === 1 ? 'row has' : 'rows have'} NULL in some of (${key.columns.join(', ')}) and values in others, which the foreign key ${key.name} of the target refuses (MATCH FULL), for example ${examples.join('; ')}`,
    hint: 'make all or none of these columns NULL in SQLite, or make the foreign key MATCH SIMPLE on the target',
  });
}

function referenceFinding(
  table: TablePlan,
  key: TargetForeignKey,
  words: { readonly message: string; readonly hint: string },
): Finding {
  const columns = key.columns.flatMap((name) => table.columns.find(({ target }) => target === name) ?? []);
  return rowsFinding(table, { code: 'plan.orphans', hazard: 'orphan', columns, ...words });
}

/** Rows that a CHECK of the target refuses. */
export function checkFinding(
  table: TablePlan,
  check: { readonly name: string; readonly expression: string },
  columns: readonly ColumnPlan[],
  found: readonly RowsOfValue[],
): Finding {
  return rowsFinding(table, {
    code: 'data.check_violation',
    hazard: 'check_violation',
    columns,
    message: `${howMany(found)} the CHECK ${check.name} of the target refuses: ${check.expression}: ${keysOf(found)}`,
    hint: 'correct these rows in the source, or drop the CHECK on the target',
  });
}

/** Values that a domain, or the input function of a type, does not take. */
export function rejectedFinding(
  table: TablePlan,
  column: ColumnPlan,
  {
    isDomain,
    isWhole,
    found,
  }: {
    readonly isDomain: boolean;
    /** Whether these are all of them. */
    readonly isWhole: boolean;
    readonly found: readonly RowsOfValue[];
  },
): Finding {
  const hazard = isDomain ? 'check_violation' : 'rejected';
  return rowsFinding(table, {
    code: `data.${hazard}`,
    hazard,
    columns: [column],
    message: `${isWhole ? '' : 'at least '}${howMany(found)} ${column.targetType} of the target does not take: ${keysOf(found)}`,
    hint: 'correct these values in the source, or change the type of the target column',
  });
}

function howMany(found: readonly RowsOfValue[]): string {
  const count = found.reduce((sum, { rows }) => sum + rows, 0);
  return count === 1 ? '1 row has a value that' : `${count} rows have values that`;
}

function showValue(value: SqliteValue): string {
  if (value === null) return 'NULL';
  if (typeof value === 'string')
    return `'${value.length > shownCharsMax ? `${value.slice(0, shownCharsMax)}…` : value}'`;
  return Buffer.isBuffer(value) ? `a blob of ${value.length} bytes` : String(value);
}

function keysOf(found: readonly RowsOfValue[]): string {
  return found
    .slice(0, examplesMax)
    .map(({ key, values }) => `${key} (${values.map(showValue).join(', ')})`)
    .join('; ');
}

interface RowsFound {
  readonly code: 'data.duplicate_key' | 'data.excluded' | 'data.check_violation' | 'data.rejected' | 'plan.orphans';
  readonly hazard: string;
  readonly columns: readonly ColumnPlan[];
  readonly message: string;
  readonly hint: string;
  readonly choices?: readonly string[];
  readonly waiver?: string;
}

/** An error, unless these rows may stay behind for another reason: then the copy must tell. */
function rowsFinding(table: TablePlan, { hazard, columns, ...parts }: RowsFound): Finding {
  const mayStay = [table.policies ?? {}, ...table.columns.map(({ policies = {} }) => policies)].some((policies) =>
    keepsOthers(policies, hazard),
  );
  const [only, another] = columns;
  return makeFinding({
    severity: mayStay && policyFor(table.policies ?? {}, hazard) === 'fail' ? 'warning' : 'error',
    table: table.source,
    ...(only === undefined || another !== undefined ? {} : { column: only.source }),
    ...parts,
  });
}

function keepsOthers(policies: Policies, hazard: string): boolean {
  return Object.entries(policies).some(([name, policy]) => name !== hazard && policy === 'quarantine');
}
