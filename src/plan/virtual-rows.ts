import type { Finding } from '../model/plan.js';
import type { SourceCatalog } from '../model/source.js';
import { makeFinding } from './findings/finding.js';
import { virtualWaiver } from './findings/waive.js';

/**
 * Virtual tables whose rows stand nowhere else: they would be lost, so they block until the operator gives them up by
 * name. In a comparison they are named.
 */
export function checkVirtualRows(
  { leftOut }: Pick<SourceCatalog, 'leftOut'>,
  { waive = [], isComparison = false }: { readonly waive?: readonly string[]; readonly isComparison?: boolean },
): Finding[] {
  return leftOut
    .filter(({ holdsRows }) => holdsRows === true)
    .map(({ name, sql }) => {
      const waiver = virtualWaiver(name);
      const isWaived = waive.includes(waiver);
      const copy = `CREATE TABLE ${JSON.stringify(`${name}_rows`)} AS SELECT rowid AS ${JSON.stringify(`${name}_rowid`)}, * FROM ${JSON.stringify(name)}`;
      return makeFinding({
        severity: isWaived || isComparison ? 'warning' : 'error',
        code: 'plan.virtual_rows',
        table: name,
        object: name,
        waiver,
        message: `its rows stand in this virtual table alone, and are not copied: ${(sql ?? '').replace(/\s+/g, ' ')}`,
        hint: isWaived
          ? `waived as '${waiver}'`
          : `copy them into a plain table of the source first: ${copy}; then, or to go on without them: --waive '${waiver}'`,
      });
    });
}
