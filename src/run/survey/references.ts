import { encoderOf } from '../../encode/column/encoder-of-kind.js';
import { Block } from '../../encode/row/block.js';
import { textFieldOf } from '../../encode/row/text-field.js';
import { Misfit } from '../../encode/value/misfit.js';
import { foldCase, isSameName } from '../../lib/fold-case.js';
import type { Kind } from '../../model/kind.js';
import type { ColumnPlan, Plan } from '../../model/plan.js';
import type { ForeignKeyViolation, SourceCatalog, SourceForeignKey, SourceTable } from '../../model/source.js';
import type { Form, ReferenceLook } from '../../source/catalog/violations.js';
import { normalizeDecimal } from '../../verify/decimal.js';

const scratchBytes = 4096;

/**
 * The foreign keys that must be looked at again because the target compares otherwise than SQLite did: those with
 * orphans, which may be none there (a uuid has no case, a number no zeros behind), and those whose parent compares more
 * loosely in SQLite than in the target (COLLATE NOCASE).
 */
export function referencesToLookAt(
  { tables }: Pick<Plan, 'tables'>,
  catalog: SourceCatalog,
  violations: readonly ForeignKeyViolation[],
): ReferenceLook[] {
  return tables.flatMap((plan) => {
    const table = catalog.tables.find(({ name }) => name === plan.source);
    return (table?.foreignKeys ?? []).flatMap((key): ReferenceLook[] => {
      const parent = catalog.tables.find(({ name }) => isSameName(name, key.parentTable));
      const parentPlan = tables.find(({ source }) => source === parent?.name);
      if (parent === undefined || parentPlan === undefined) return [];
      const children = key.columns.map((name) => columnOf(plan.columns, name));
      const parents = key.parentColumns.map((name) => columnOf(parentPlan.columns, name));
      const isLooser = parents.some((column) => column !== null && isLooserInSqlite(column, key, parent));
      const hasOrphans = violations.some((one) => one.table === plan.source && one.foreignKeyId === key.id);
      if (!hasOrphans && !isLooser) return [];
      const forms = children.flatMap((child, at) => {
        const other = parents[at] ?? null;
        return child === null || other === null ? [] : [{ child: formOf(child), parent: formOf(other) }];
      });
      const isWhole = forms.length === key.columns.length;
      return isWhole ? [{ table: plan.source, foreignKeyId: key.id, isLooser, forms }] : [];
    });
  });
}

function columnOf(columns: readonly ColumnPlan[], name: string): ColumnPlan | null {
  return columns.find(({ source }) => isSameName(source, name)) ?? null;
}

function isLooserInSqlite(
  { source, kind, targetType, affinity }: ColumnPlan,
  key: SourceForeignKey,
  parent: SourceTable,
): boolean {
  if (kind.tag !== 'text' && kind.tag !== 'char') return false;
  if (!key.parentColumns.some((name) => foldCase(name) === foldCase(source))) return false;
  const collation = parent.columns.find(({ name }) => name === source)?.collation.toUpperCase() ?? 'BINARY';
  const isFolded = collation === 'NOCASE' && !isCitext(targetType);
  const isTrimmed = collation === 'RTRIM' && kind.tag !== 'char';
  return isFolded || isTrimmed || ['integer', 'numeric', 'real'].includes(affinity);
}

/** The type may be named with the schema of its extension. */
function isCitext(type: string): boolean {
  return /^(.*\.)?"?citext"?$/.test(type);
}

/** What of a value the target's = looks at, as text that is equal where the target's values are. */
function formOf({ kind, targetType }: ColumnPlan): Form {
  const encoder = encoderOf(kind);
  const asText = textFieldOf(kind);
  const scratch = new Block(scratchBytes);
  const out = new Block(scratchBytes);
  return (value) => {
    scratch.clear();
    out.clear();
    try {
      if (typeof value === 'bigint') {
        if (Number.isSafeInteger(Number(value))) encoder.integer(scratch, Number(value));
        else encoder.wide(scratch, value);
      } else if (typeof value === 'number') encoder.real(scratch, value);
      else if (typeof value === 'string') {
        const bytes = Buffer.from(value, 'utf8');
        encoder.text(scratch, bytes, 0, bytes.length);
      } else if (value !== null) encoder.blob(scratch, value, 0, value.length);
      else return null;
    } catch (error) {
      // It will not arrive, which another finding says.
      if (error instanceof Misfit) return null;
      throw error;
    }
    asText(out, scratch, 0, scratch.length);
    return equalForm(out.bytes.toString('utf8', 0, out.length), kind, targetType);
  };
}

function equalForm(text: string, { tag }: Kind, targetType: string): string {
  switch (tag) {
    case 'int2':
    case 'int4':
    case 'int8':
    case 'float4':
    case 'float8':
    case 'numeric':
      return normalizeDecimal(text) ?? text;
    case 'char':
      return text.replace(/ +$/, '');
    case 'text':
      return isCitext(targetType) ? text.toLowerCase() : text;
    default:
      return text;
  }
}
