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
  /** Keys that have a name of their own. */
  readonly keys: readonly NamedKey[];
  /** Expression of each generated column by the column's name as written. */
  readonly generated: ReadonlyMap<string, readonly ExpressionToken[]>;
}

export interface CheckSql {
  readonly name: string | null;
  readonly expression: readonly ExpressionToken[];
  /** As written, for a finding. */
  readonly sql: string;
}

/** A PRIMARY KEY, UNIQUE or foreign key after `CONSTRAINT name`. */
export interface NamedKey {
  readonly name: string;
  readonly kind: 'primary' | 'unique' | 'foreign';
  /** As written there. */
  readonly columns: readonly string[];
}

const keyKinds: Readonly<Record<string, NamedKey['kind']>> = {
  PRIMARY: 'primary',
  UNIQUE: 'unique',
  FOREIGN: 'foreign',
  REFERENCES: 'foreign',
};

const tableConstraints = ['CONSTRAINT', 'PRIMARY', 'UNIQUE', 'CHECK', 'FOREIGN'];

/** Reads the CHECK constraints, the names of keys and the generated columns out of CREATE TABLE; null where its text is not understood. */
export function readTableSql(sql: string): TableSql | null {
  const tokens = readExpressionTokens(sql);
  const open = tokens?.findIndex((token) => isSign(token, '(')) ?? -1;
  const close = tokens === null || open < 0 ? -1 : findClose(tokens, open);
  if (tokens === null || close < 0) return null;
  const checks: CheckSql[] = [];
  const keys: NamedKey[] = [];
  const generated = new Map<string, readonly ExpressionToken[]>();
  for (const part of splitAtCommas(tokens.slice(open + 1, close))) {
    const isConstraint = tableConstraints.some((word) => isWord(part[0], word));
    checks.push(...readChecks(part, sql));
    keys.push(...readNamedKeys(part, isConstraint));
    const expression = isConstraint ? null : readGenerated(part);
    if (expression !== null) generated.set(part[0]?.text ?? '', expression);
  }
  return { checks, keys, generated };
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

/** Within a column's definition the key is over that column, else over the list in the first brackets. */
function readNamedKeys(part: readonly ExpressionToken[], isConstraint: boolean): NamedKey[] {
  const keys: NamedKey[] = [];
  for (let i = 0; i < part.length; i += 1) {
    if (isSign(part[i], '(')) i = findClose(part, i);
    if (i < 0) break;
    const [word, name, kindWord] = part.slice(i, i + 3);
    const kind = keyKinds[kindWord?.text.toUpperCase() ?? ''];
    if (!isWord(word, 'CONSTRAINT') || name === undefined || kindWord?.tag !== 'word' || kind === undefined) continue;
    const columns = isConstraint ? readColumnList(part.slice(i + 3)) : [part[0]?.text ?? ''];
    keys.push({ name: name.text, kind, columns });
  }
  return keys;
}

/** The first word of each term: what follows it is a collation or an order. */
function readColumnList(tokens: readonly ExpressionToken[]): string[] {
  const open = tokens.findIndex((token) => isSign(token, '('));
  const close = open < 0 ? -1 : findClose(tokens, open);
  return close < 0 ? [] : splitAtCommas(tokens.slice(open + 1, close)).map(([first]) => first?.text ?? '');
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
