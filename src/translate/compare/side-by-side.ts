import { foreignKeyText } from '../../plan/graph/foreign-keys.js';
import type { ColumnPlan, Plan, TablePlan } from '../../model/plan.js';
import type { SchemaObject, SchemaSide, TypeReason } from '../../model/schema.js';
import type { LeftOut, SourceCatalog, SourceColumn, SourceTable } from '../../model/source.js';
import { isSameName } from '../../lib/fold-case.js';
import { shortName } from '../../plan/names/names.js';
import { readTableSql } from '../table/table-sql.js';

/** Both schemas of every planned table in rows, object by object, and what is left out; each with its reason. */
export function layBeside(request: {
  readonly source: SourceCatalog;
  readonly plan: Plan;
  readonly objects: readonly SchemaObject[];
  /** Where pgferry makes the schema: why each column has its type. */
  readonly reasons: readonly TypeReason[];
}): SchemaSide[] {
  const { source, plan, objects, reasons } = request;
  const tables = plan.tables.flatMap((table) => {
    const from = source.tables.find(({ name }) => name === table.source);
    const own = objects.filter((object) => object.table === table.target);
    return from === undefined ? [] : besideTable({ from, table, plan, reasons, open: new Set(own) });
  });
  return [...tables, ...plan.leftOut.map(besideLeftOut)];
}

interface Pairing {
  readonly from: SourceTable;
  readonly table: TablePlan;
  readonly plan: Plan;
  readonly reasons: readonly TypeReason[];
  /** Objects of the target that no row has yet. */
  readonly open: Set<SchemaObject>;
}

function besideTable(pairing: Pairing): SchemaSide[] {
  const { from, table } = pairing;
  const whole: SchemaSide = {
    table: from.name,
    what: 'table',
    source: from.name,
    target: `${table.targetSchema}.${table.target}`,
    reason: reasonOf(pairing.plan, from.name, null) ?? 'the names are the same',
    config: ruleLine(from.name, null, 'target', '…'),
  };
  return [
    whole,
    ...from.columns.map((column) => besideColumn(pairing, column)),
    ...promisesOf(from).map((promise) => besidePromise(pairing, promise)),
    ...[...pairing.open].map((object) => onlyTarget(from.name, object)),
  ];
}

/** The text of the findings about one table or column: about matching and types, or about losses. */
function reasonOf(plan: Plan, table: string, column: string | null): string | null {
  const said = plan.findings.filter((finding) => finding.table === table && finding.column === column);
  const telling = said.filter(({ code }) =>
    /^plan\.(matched|name_shortened|generated|mixed|decimal|longer)/.test(code),
  );
  return telling.length === 0 ? null : telling.map(({ message }) => message).join('; ');
}

function besideColumn(pairing: Pairing, column: SourceColumn): SchemaSide {
  const { from, table, plan, open } = pairing;
  const planned = table.columns.find(({ source }) => source === column.name);
  const object = take(open, (one) => one.kind === 'column' && one.name === (planned?.target ?? shortName(column.name)));
  if (object !== null) take(open, (one) => one.kind === 'sequence' && one.columns[0] === object.name);
  const made = pairing.reasons.find((one) => one.table === from.name && one.column === column.name);
  const said = [made?.why ?? planned?.reason ?? null, reasonOf(plan, from.name, column.name)];
  const reasons = said.filter((one) => one !== null);
  return {
    table: from.name,
    what: 'column',
    source: columnText(column),
    target: object === null ? null : `${object.name} ${object.definition}`,
    reason: reasons.length === 0 ? 'its values are computed, not copied' : reasons.join('; '),
    config: ruleLine(from.name, column.name, ...lever(planned, made !== undefined)),
  };
}

/**
 * The setting that an operator would most likely change: the unit of a time, the type where pgferry makes it, else the
 * column.
 */
function lever(planned: ColumnPlan | undefined, isMade: boolean): readonly ['unit' | 'type' | 'target', string] {
  if (planned === undefined) return ['target', '…'];
  const isTemporal = 'unit' in planned.kind && planned.isUnitMoot !== true;
  if (isTemporal) return ['unit', 's'];
  return isMade ? ['type', planned.targetType] : ['target', planned.target];
}

function ruleLine(table: string, column: string | null, key: string, value: string): string {
  const rule = { [key]: value };
  return `"tableRules": ${JSON.stringify({ [table]: column === null ? rule : { columns: { [column]: rule } } })}`;
}

function columnText({ name, declaredType, notNull, defaultSql, generated }: SourceColumn): string {
  const parts = [name, declaredType, generated === 'no' ? '' : `AS (…) ${generated.toUpperCase()}`];
  if (notNull) parts.push('NOT NULL');
  if (defaultSql !== null) parts.push(`DEFAULT ${defaultSql}`);
  return parts.filter((part) => part !== '').join(' ');
}

/** A key, constraint or index of the source, and how to know it again. */
interface Held {
  readonly what: SchemaObject['kind'];
  readonly text: string;
  /** Source names; null for what is known by its kind alone. */
  readonly columns: readonly string[] | null;
  /** Name of the index. */
  readonly name: string | null;
}

function promisesOf(from: SourceTable): Held[] {
  const plain = (columns: readonly { readonly column: string | null }[]) => columns.map(({ column }) => column ?? '');
  const key = from.primaryKey;
  return [
    ...(key.length === 0
      ? []
      : [{ what: 'primary_key' as const, text: `PRIMARY KEY (${key.join(', ')})`, columns: key, name: null }]),
    ...from.indexes
      .filter(({ origin }) => origin === 'u')
      .map(({ columns }) => ({
        what: 'unique' as const,
        text: `UNIQUE (${plain(columns).join(', ')})`,
        columns: plain(columns),
        name: null,
      })),
    ...from.foreignKeys.map((key) => ({
      what: 'foreign_key' as const,
      text: foreignKeyText(key),
      columns: key.columns,
      name: null,
    })),
    ...(readTableSql(from.sql)?.checks ?? []).map(({ sql }) => ({
      what: 'check' as const,
      text: sql,
      columns: null,
      name: null,
    })),
    ...from.indexes
      .filter(({ origin }) => origin === 'c')
      .map(({ name, sql, columns }) => ({ what: 'index' as const, text: sql ?? name, columns: plain(columns), name })),
  ];
}

function besidePromise({ from, table, plan, open }: Pairing, promise: Held): SchemaSide {
  const columns = promise.columns?.map((name) => targetOf(table, name)) ?? null;
  const found = take(open, (object) => {
    if (promise.name !== null && object.name === shortName(promise.name)) return true;
    const isAlike = columns === null || columns.join('\0') === object.columns.join('\0');
    return object.kind === promise.what && isAlike && (promise.name === null || columns?.includes('') === false);
  });
  const lost = plan.findings.find((finding) => finding.table === from.name && finding.object === objectOf(promise));
  return {
    table: from.name,
    what: promise.what,
    source: promise.text,
    target: found?.definition ?? null,
    reason: lost?.message ?? (found === null ? 'the target has none like it' : 'both sides have it'),
    config: lost?.waiver === undefined ? null : `"waive": ${JSON.stringify([lost.waiver])}`,
  };
}

/** As findings name it. */
function objectOf({ name, text }: Held): string {
  return name ?? text;
}

function targetOf(table: TablePlan, name: string): string {
  if (name === '') return '';
  return table.columns.find(({ source }) => isSameName(source, name))?.target ?? shortName(name);
}

function onlyTarget(table: string, { kind, name, definition }: SchemaObject): SchemaSide {
  const target = kind === 'column' ? `${name} ${definition}` : definition;
  return { table, what: kind, source: null, target, reason: 'the target alone has it', config: null };
}

function besideLeftOut({ name, type, reason }: LeftOut): SchemaSide {
  const isWaivable = type === 'view' || type === 'trigger';
  const config = isWaivable ? `"waive": ${JSON.stringify([`${type}:${name}`])}` : null;
  return { table: name, what: type, source: name, target: null, reason, config };
}

function take(open: Set<SchemaObject>, isWanted: (object: SchemaObject) => boolean): SchemaObject | null {
  for (const object of open) {
    if (!isWanted(object)) continue;
    open.delete(object);
    return object;
  }
  return null;
}
