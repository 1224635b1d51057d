import type { TableCensus } from '../../model/census.js';
import { must } from '../../model/error.js';
import type { ColumnPlan, TablePlan } from '../../model/plan.js';
import type { Rules } from '../../model/rules.js';
import type { SourceTable } from '../../model/source.js';
import type { Doubt } from '../../plan/rules/doubt.js';
import { policiesOf, typeRuleOf } from '../../plan/rules/rules.js';
import { choosePages } from '../../source/pages/layout.js';
import { doubtedType } from '../../translate/declared-type.js';
import { marksOf } from '../../translate/source-marks.js';
import { typeQuestion } from '../../translate/type-question.js';
import type { Survey } from '../survey/survey.js';

/**
 * The columns whose declared type only their values can confirm, as tables to be tried: planned as far as a trial needs
 * it, for there is no target yet.
 */
export function findDoubtedTypes(
  survey: Survey,
  census: readonly TableCensus[],
  { rules, isByPages }: { readonly rules: Rules; readonly isByPages: boolean },
): Doubt[] {
  const { catalog } = survey;
  const marks = marksOf(catalog);
  return catalog.tables.flatMap((table) => {
    const counts = census.find((one) => one.table === table.name);
    // A table that is not chosen is not counted.
    if (counts === undefined) return [];
    const stored = table.columns.filter(({ generated }) => generated === 'no');
    const doubted: number[] = [];
    const columns = stored.map((column, index): ColumnPlan => {
      const counted = must(
        counts.columns.find((one) => one.column === column.name),
        `census of column ${column.name}`,
      );
      const isRuled = typeRuleOf(rules, table.name, column) !== undefined;
      const declared = isRuled ? null : doubtedType(typeQuestion(table, column, { census: counted, rules, marks }));
      if (declared !== null) doubted.push(index);
      const { name, declaredType, affinity } = column;
      const kind = declared?.kind ?? { tag: 'literal' };
      const { notNull } = column;
      const policies = policiesOf(rules, table.name, column);
      return {
        source: name,
        target: name,
        declaredType,
        affinity,
        targetType: '',
        kind,
        reason: '',
        isTextual: false,
        notNull,
        policies,
      };
    });
    if (doubted.length === 0) return [];
    const reader = isByPages && choosePages(table, catalog).tag === 'pages' ? 'pages' : 'rows';
    return [{ table: planForTrial(table, columns, { survey, rows: counts.rows, reader }), columns: doubted }];
  });
}

function planForTrial(
  table: SourceTable,
  columns: readonly ColumnPlan[],
  known: { readonly survey: Survey; readonly rows: number; readonly reader: TablePlan['reader'] },
): TablePlan {
  const { name, primaryKey, rootPage, isWithoutRowid, rowidName, rowidAlias } = table;
  const key = primaryKey.map((column) => columns.findIndex(({ source }) => source === column));
  return {
    source: name,
    targetSchema: '',
    target: name,
    columns,
    key: { origin: key.length === 0 ? 'none' : 'primary', columns: key },
    layer: 0,
    rows: known.rows,
    estimatedBytes: 0,
    rootPage,
    isWithoutRowid,
    rowidName,
    rowidAlias,
    sourceKey: isWithoutRowid ? primaryKey : [],
    reader: known.reader,
    readerReason: '',
    format: 'binary',
    formatReason: '',
    chunks: known.survey.chunks.get(name) ?? [],
  };
}
