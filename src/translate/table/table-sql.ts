import {
  findClose,
  isSign,
  isWord,
  readExpressionTokens,
  splitAtCommas,
  type ExpressionToken,
} from '../expression/sql-tokens.js';

/** Facts that only the text of CREATE TABLE contains; the catalog has everything else. */
export interface TableSql {
  readonly checks: readonly CheckSql[];
  /** Expression of each generated column by the column's name as written. */
  readonly generated: ReadonlyMap<string, readonly ExpressionToken[]>;
}

export interface CheckSql {
  readonly name: string | null;
  readonly expression: readonly ExpressionToken[];
  /** As written, for a finding. */
  readonly sql: string;
}

const tableConstraints = ['CONSTRAINT', 'PRIMARY', 'UNIQUE', 'CHECK', 'FOREIGN'];

/** Reads the CHECK constraints and generated columns out of CREATE TABLE; null where its text is not understood. */
export function readTableSql(sql: string): TableSql | null {
  const tokens = readExpressionTokens(sql);
  const open = tokens?.findIndex((token) => isSign(token, '(')) ?? -1;
  const close = tokens === null || open < 0 ? -1 : findClose(tokens, open);
  if (tokens === null || close < 0) return null;
  const checks: CheckSql[] = [];
  const generated = new Map<string, readonly ExpressionToken[]>();
  for (const part of splitAtCommas(tokens.slice(open + 1, close))) {
    const isConstraint = tableConstraints.some((word) => isWord(part[0], word));
    checks.push(...readChecks(part, sql));
    const expression = isConstraint ? null : readGenerated(part);
    if (expression !== null) generated.set(part[0]?.text ?? '', expression);
  }
  return { checks, generated };
}

/** CHECK is outside of every bracket of its part; a name before it belongs to it. */
function readChecks(part: readonly ExpressionToken[], sql: string): CheckSql[] {
  const checks: CheckSql[] = [];
  for (let i = 0; i < part.length; i += 1) {
    if (isSign(part[i], '(')) i = findClose(part, i);
    else if (isWord(part[i], 'CHECK') && isSign(part[i + 1], '(')) {
      const close = findClose(part, i + 1);
      const name = isWord(part[i - 2], 'CONSTRAINT') ? (part[i - 1]?.text ?? null) : null;
      const text = sql.slice(part[i]?.start, part[close]?.end);
      checks.push({ name, expression: part.slice(i + 2, close), sql: text });
      i = close;
    }
    if (i < 0) break;
  }
  return checks;
}

/** AS ( … ) of a column definition; no type name or other constraint has AS before a bracket. */
function readGenerated(part: readonly ExpressionToken[]): readonly ExpressionToken[] | null {
  for (let i = 1; i < part.length; i += 1) {
    if (isSign(part[i], '(')) i = findClose(part, i);
    else if (isWord(part[i], 'AS') && isSign(part[i + 1], '(')) return part.slice(i + 2, findClose(part, i + 1));
    if (i < 0) break;
  }
  return null;
}
