import { foldCase, isSameName } from '../../lib/fold-case.js';
import type { ColumnPlan, Plan } from '../../model/plan.js';
import type { ForeignKeyViolation, SourceCatalog, SourceForeignKey, SourceTable } from '../../model/source.js';
import type { ReferenceLook } from '../../source/catalog/violations.js';
import { equalFormOf, isCitext } from './server-form.js';

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
        return child === null || other === null ? [] : [{ child: equalFormOf(child), parent: equalFormOf(other) }];
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
