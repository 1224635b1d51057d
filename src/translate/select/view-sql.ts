import type { Finding } from '../../model/plan.js';
import type { SourceView } from '../../model/source.js';
import { renderColumn, type TableDraft, reportLoss, type Translation } from '../draft.js';
import { Unportable } from '../expression/expression.js';
import { yields } from '../expression/rendered.js';
import { makeFinding } from '../../plan/findings/finding.js';
import { foldCase } from '../../lib/fold-case.js';
import { quoteIdentifier, quotePath } from '../../lib/quote.js';
import { shortName } from '../../plan/names/names.js';
import { readSelect } from './select.js';
import { type Relation, renderSelect } from './select-sql.js';
import { isSign, isWord, readExpressionTokens, type ExpressionToken } from '../expression/sql-tokens.js';
import { isWaived, viewWaiver } from '../../plan/findings/waive.js';

export interface MadeViews {
  readonly statements: readonly string[];
  /** Names in the source of the views that are made. */
  readonly names: readonly string[];
}

/**
 * CREATE VIEW for every view whose SELECT surely means the same; views come before others that use them. The rest are
 * reported with their SQL as warnings: a view holds no rows, and the application's own code shows which views it needs.
 */
export function viewSql(views: readonly SourceView[], tables: readonly TableDraft[], shared: Translation): MadeViews {
  const relations = new Map(tables.map((table) => [foldCase(table.source.name), relationOf(table, shared)]));
  const made: { view: SourceView; sql: string }[] = [];
  let open = views;
  let reasons = new Map<string, string>();
  for (let count = -1; count !== made.length; ) {
    count = made.length;
    reasons = new Map();
    for (const view of open) {
      const outcome = translateView(view, (name) => relations.get(foldCase(name)) ?? null, shared);
      if (outcome.tag === 'unportable') reasons.set(view.name, outcome.reason);
      else {
        relations.set(foldCase(view.name), outcome.relation);
        made.push({ view, sql: outcome.sql });
      }
    }
    open = open.filter(({ name }) => reasons.has(name));
  }
  for (const view of open) reportView(view, reasons.get(view.name) ?? '', shared);
  return { statements: made.map(({ sql }) => sql), names: made.map(({ view }) => view.name) };
}

type Outcome =
  | { readonly tag: 'sql'; readonly sql: string; readonly relation: Relation }
  | { readonly tag: 'unportable'; readonly reason: string };

function relationOf(table: TableDraft, { schema }: Translation): Relation {
  return {
    path: quotePath(schema, table.name),
    columns: table.columns.map((column) => ({
      name: column.source.name,
      value: renderColumn(column),
    })),
  };
}

function translateView(view: SourceView, find: (name: string) => Relation | null, shared: Translation): Outcome {
  try {
    if (view.columns === null) throw new Unportable('SQLite itself cannot read it');
    const { sql, columns } = renderSelect(readSelect(selectOf(view.sql)), find);
    if (columns.length !== view.columns.length) throw new Unportable('its columns are not understood');
    const names = view.columns.map(shortName);
    if (new Set(names).size !== names.length) throw new Unportable('two of its columns would get one name');
    if (!shared.names.claim(view.name)) throw new Unportable(`the name ${shortName(view.name)} is taken`);
    const path = quotePath(shared.schema, shortName(view.name));
    const relation = {
      path,
      columns: names.map((name, index) => ({
        name: view.columns?.[index] ?? name,
        value: yields(columns[index]?.value.class ?? 'other', quoteIdentifier(name)),
      })),
    };
    return { tag: 'sql', sql: `CREATE VIEW ${path} (${names.map(quoteIdentifier).join(', ')}) AS\n${sql}`, relation };
  } catch (error) {
    if (error instanceof Unportable) return { tag: 'unportable', reason: error.message };
    throw error;
  }
}

/** The tokens after CREATE VIEW … AS. */
function selectOf(sql: string): readonly ExpressionToken[] {
  const tokens = readExpressionTokens(sql);
  if (tokens === null) throw new Unportable('its quotes do not end');
  let depth = 0;
  const as = tokens.findIndex((token) => {
    if (isSign(token, '(')) depth += 1;
    if (isSign(token, ')')) depth -= 1;
    return depth === 0 && isWord(token, 'AS');
  });
  const body = as < 0 ? [] : tokens.slice(as + 1);
  return isSign(body.at(-1), ';') ? body.slice(0, -1) : body;
}

function reportView({ name, sql }: SourceView, reason: string, shared: Translation): void {
  reportLoss(shared, {
    waiver: viewWaiver(name),
    blocks: false,
    code: 'plan.view_untranslated',
    table: name,
    message: `the view has no sure equivalent: ${reason}; ${sql}`,
    hint: 'make it by hand after the copy, if the application reads it',
  });
}

/** One finding for all triggers: they are not translated, and their SQL is in the plan. */
export function triggerFinding(triggers: readonly string[], waive: ReadonlySet<string>): Finding[] {
  const names = triggers.filter((name) => !isWaived(waive, `trigger:${name}`));
  if (names.length === 0) return [];
  const what = names.length === 1 ? 'a trigger is' : `${names.length} triggers are`;
  return [
    makeFinding({
      severity: 'warning',
      code: 'plan.triggers_untranslated',
      message: `${what} not carried over: ${names.join(', ')}`,
      hint: "rewrite them for PostgreSQL; the plan lists their SQL. Waived by name: --waive 'trigger:…'",
    }),
  ];
}
