import type { TableCensus } from '../model/census.js';
import type { Finding } from '../model/plan.js';
import { columnWaiver } from './findings/waive.js';

/**
 * The findings about columns that the target does not have, with what would stay behind. Nothing does where every value
 * is NULL, which is a warning; other columns block until they are left out by name.
 */
export function weighMissingColumns(
  findings: readonly Finding[],
  { census, waive = [] }: { readonly census: readonly TableCensus[]; readonly waive?: readonly string[] },
): Finding[] {
  return findings.map((finding) => {
    const { table, column } = finding;
    if (finding.code !== 'plan.column_missing' || table === null || column === null) return finding;
    const counted = census.find((one) => one.table === table);
    const nulls = counted?.columns.find((one) => one.column === column)?.nulls ?? 0;
    const held = (counted?.rows ?? 0) - nulls;
    if (held === 0)
      return {
        ...finding,
        severity: 'warning',
        message: `${finding.message}; nothing stays behind: it holds no values`,
      };
    const waiver = columnWaiver('column', { table, column });
    // By its name alone: values are lost.
    const isLeftOut = waive.includes(waiver);
    const values = held === 1 ? '1 value stays' : `${held} values stay`;
    return {
      ...finding,
      severity: isLeftOut ? 'warning' : 'error',
      waiver,
      message: `${finding.message}: ${values} behind`,
      hint: isLeftOut ? `left out as '${waiver}'` : `${finding.hint}; to leave it out: --waive '${waiver}'`,
    };
  });
}
