import type { Plan, TablePlan } from '../../model/plan.js';
import type { Kind, TimeReading } from '../../model/kind.js';
import type { LeftOut } from '../../model/source.js';
import { describeFindings } from './findings-text.js';
import { layOut, nameWidthMax } from './table.js';
import { countOf, formatBytes, formatCount, sanitize } from '../units.js';

/** The printed plan: layers, tables, columns with their reasons, what is left out, findings. */
export function describePlan(plan: Plan, isWhole = false): string {
  const isShown = isWhole || plan.tables.length <= tablesMax ? () => true : needsLook(plan);
  const parts = [
    overview(plan),
    ...plan.layers.map((tables, layer) => describeLayer(plan, { tables, layer, isShown })),
    describeLeftOut(plan, isWhole),
    describeFindings(plan.findings, isWhole),
    closing(plan),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

function overview(plan: Plan): string {
  const chunks = plan.tables.reduce((sum, table) => sum + table.chunks.length, 0);
  const rows = plan.tables.reduce((sum, table) => sum + table.rows, 0);
  const bytes = plan.tables.reduce((sum, table) => sum + table.estimatedBytes, 0);
  const lines = [
    `${countOf(plan.tables.length, 'table')} in ${countOf(plan.layers.length, 'layer')} · ${countOf(rows, 'row')} · about ${formatBytes(bytes)} · ${countOf(chunks, 'chunk')}`,
    plan.keepsConstraints
      ? 'indexes and constraints stay in force: a layer waits for the one before it'
      : 'indexes and constraints are taken away before the copy and made again after it: a layer is only an order',
  ];
  for (const cycle of plan.cycles) lines.push(`foreign-key cycle, loaded as one: ${cycle.map(sanitize).join(' ↔ ')}`);
  return lines.join('\n');
}

/** More tables, or left-out objects, than these are folded. */
const tablesMax = 40;
const leftOutMax = 20;
/** How many names a folded line has. */
const namesMax = 6;

/** The tables that the plan refuses or warns about. */
function needsLook({ findings }: Plan): (table: TablePlan) => boolean {
  const named = new Set(findings.filter(({ severity }) => severity !== 'note').map(({ table }) => table));
  return ({ source }) => named.has(source);
}

function describeLayer(
  plan: Plan,
  {
    tables: names,
    layer,
    isShown,
  }: {
    readonly tables: readonly string[];
    readonly layer: number;
    readonly isShown: (table: TablePlan) => boolean;
  },
): string {
  const ofLayer = new Set(names);
  const tables = plan.tables.filter(({ source }) => ofLayer.has(source));
  const inOrder = tables.toSorted((a, b) => names.indexOf(a.source) - names.indexOf(b.source));
  const folded = inOrder.filter((table) => !isShown(table));
  return [`layer ${layer + 1}`, ...inOrder.filter(isShown).map(describeTable), ...foldedLine(folded)].join('\n');
}

function foldedLine(tables: readonly TablePlan[]): string[] {
  if (tables.length === 0) return [];
  const rows = tables.reduce((sum, table) => sum + table.rows, 0);
  const rest = tables.length > namesMax ? ' …' : '';
  const names = tables.slice(0, namesMax).map(({ source }) => sanitize(source));
  return [
    `  ${countOf(tables.length, 'table')}, ${countOf(rows, 'row')}, without a warning: ${names.join(', ')}${rest} (--all shows each)`,
  ];
}

function describeTable(table: TablePlan): string {
  const title = `  ${sanitize(table.source)} → ${sanitize(table.targetSchema)}.${sanitize(table.target)}`;
  const size = `${countOf(table.rows, 'row')}, about ${formatBytes(table.estimatedBytes)}, ${countOf(table.chunks.length, 'chunk')}`;
  const way = sanitize(`${table.reader} (${table.readerReason}), ${table.format} (${table.formatReason})`);
  const keyNames = table.key.columns.map((index) => table.columns[index]?.source ?? '').join(', ');
  const key =
    table.key.origin === 'none'
      ? 'no key: rows are told apart by all their columns'
      : `${table.key.origin} key (${sanitize(keyNames)})`;
  const columns = layOut(
    [
      { title: '  column', widthMax: 2 * nameWidthMax },
      { title: 'source' },
      { title: 'target' },
      { title: 'travels as' },
      { title: 'because' },
    ],
    table.columns.map((column) => [
      column.source === column.target ? `  ${column.source}` : `  ${column.source} → ${column.target}`,
      column.declaredType === '' ? '(none)' : column.declaredType,
      column.targetType,
      describeKind(column.kind),
      column.reason,
    ]),
  );
  return `${title}: ${size}\n    ${key}; ${way}\n${columns}`;
}

function describeKind(kind: Kind): string {
  switch (kind.tag) {
    case 'timestamp':
    case 'timestamptz':
      return `${kind.tag}(${kind.precision}), ${describeReading(kind)}`;
    case 'date':
      return `date, ${describeReading({ unit: 'ms', ...kind })}`;
    case 'time':
      return `time(${kind.precision})`;
    case 'text':
      return kind.maxChars === null ? 'text' : `text up to ${kind.maxChars}`;
    case 'char':
      return `char(${kind.chars})`;
    case 'numeric':
      return kind.precision === null ? 'numeric' : `numeric(${kind.precision},${kind.scale ?? 0})`;
    case 'enum':
      return `enum of ${kind.labels.length}`;
    case 'literal':
      return 'text, read by PostgreSQL';
    default:
      return kind.tag;
  }
}

function describeReading({ unit, realUnit, zone, targetZone }: TimeReading): string {
  const numbers = realUnit === undefined ? `numbers in ${unit}` : `integers in ${unit}, reals in ${realUnit}`;
  const texts = zone === undefined ? numbers : `${numbers}, texts in ${zone}`;
  return targetZone === undefined ? texts : `${texts}, stored as time of ${targetZone}`;
}

function describeLeftOut(plan: Plan, isWhole: boolean): string {
  if (plan.leftOut.length === 0) return '';
  const shown = isWhole ? plan.leftOut : plan.leftOut.slice(0, leftOutMax);
  const folded = plan.leftOut.length - shown.length;
  return [
    'left out',
    ...shown.flatMap((one) => [`  ${sanitize(one.name)} (${one.type}): ${sanitize(one.reason)}`, ...sqlLines(one)]),
    ...(folded === 0 ? [] : [`  ${formatCount(folded)} more (--all shows each)`]),
  ].join('\n');
}

/** Objects that a person has to rewrite are shown as SQLite stores them. */
function sqlLines({ type, sql }: LeftOut): string[] {
  if (sql === null || (type !== 'view' && type !== 'trigger')) return [];
  return sql.split(/\r?\n/).map((line) => `      ${sanitize(line.trimEnd())}`);
}

function closing(plan: Plan): string {
  const errors = plan.findings.filter(({ severity }) => severity === 'error').length;
  if (errors === 0) return `✓ nothing stands in the way (plan ${plan.hash.slice(0, 12)}); nothing was written`;
  return `✗ refused: ${countOf(errors, 'reason')} above; nothing was written`;
}
