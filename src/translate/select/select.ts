import { type Expression, readExpression, Unportable } from '../expression/expression.js';
import { findClose, isSign, isWord, splitAtCommas, type ExpressionToken } from '../expression/sql-tokens.js';

/** A SELECT of the kind that can mean the same in PostgreSQL: joins, grouping, UNION; no WITH, windows or VALUES. */
export interface Select {
  readonly cores: readonly SelectCore[];
  /** Between the cores: one fewer than they are. */
  readonly unions: readonly ('UNION' | 'UNION ALL')[];
  readonly orderBy: readonly OrderTerm[];
  readonly limit: readonly ExpressionToken[];
}

export interface SelectCore {
  readonly isDistinct: boolean;
  readonly items: readonly SelectItem[];
  readonly from: readonly JoinedRelation[];
  readonly where: Expression | null;
  readonly groupBy: readonly Expression[];
  readonly having: Expression | null;
}

export type SelectItem =
  | { readonly tag: 'star'; readonly table: string | null }
  | { readonly tag: 'value'; readonly expression: Expression; readonly alias: string | null };

export interface JoinedRelation {
  readonly relation:
    | { readonly tag: 'named'; readonly name: string }
    | { readonly tag: 'select'; readonly select: Select };
  readonly alias: string | null;
  /** How it is joined to the ones before it; null for the first. */
  readonly join: 'CROSS JOIN' | 'JOIN' | 'LEFT JOIN' | 'RIGHT JOIN' | 'FULL JOIN' | null;
  readonly on: Expression | null;
  readonly using: readonly string[];
}

export interface OrderTerm {
  readonly expression: Expression;
  readonly isDescending: boolean;
  readonly nulls: 'FIRST' | 'LAST' | null;
}

const clauseWords = ['FROM', 'WHERE', 'GROUP', 'HAVING', 'WINDOW', 'ORDER', 'LIMIT'] as const;
type Clause = 'SELECT' | (typeof clauseWords)[number];
const joinWords = ['JOIN', 'LEFT', 'RIGHT', 'FULL', 'INNER', 'CROSS', 'NATURAL'];

/** Reads a whole SELECT. Throws Unportable at what it does not know. */
export function readSelect(tokens: readonly ExpressionToken[]): Select {
  const { parts, unions } = cutUnions(tokens);
  const clauses = parts.map(cutClauses);
  const last = clauses.at(-1);
  for (const one of clauses.slice(0, -1)) {
    if (one.has('ORDER') || one.has('LIMIT')) throw new Unportable('ORDER BY before UNION is not understood');
  }
  return {
    cores: clauses.map(readCore),
    unions,
    orderBy: splitClause(last?.get('ORDER'), 'BY').map(readOrderTerm),
    limit: last?.get('LIMIT') ?? [],
  };
}

function cutUnions(tokens: readonly ExpressionToken[]): { parts: ExpressionToken[][]; unions: Select['unions'] } {
  const isOutside = outsideBrackets(tokens);
  const unions: ('UNION' | 'UNION ALL')[] = [];
  let part: ExpressionToken[] = [];
  const parts = [part];
  tokens.forEach((token, index) => {
    if (isOutside[index] === true && isWord(token, 'UNION')) {
      unions.push(isWord(tokens[index + 1], 'ALL') ? 'UNION ALL' : 'UNION');
      part = [];
      parts.push(part);
    } else if (!(isWord(token, 'ALL') && isWord(tokens[index - 1], 'UNION'))) part.push(token);
    if (isOutside[index] === true && (isWord(token, 'EXCEPT') || isWord(token, 'INTERSECT')))
      throw new Unportable(`${token.text} is not carried over`);
  });
  return { parts, unions };
}

/** For each token whether it is outside of all brackets; the brackets themselves count as outside. */
function outsideBrackets(tokens: readonly ExpressionToken[]): boolean[] {
  let depth = 0;
  return tokens.map((token) => {
    if (isSign(token, ')')) depth -= 1;
    const isOutside = depth === 0;
    if (isSign(token, '(')) depth += 1;
    return isOutside;
  });
}

/** The tokens of each clause, without its first word. */
function cutClauses(tokens: readonly ExpressionToken[]): Map<Clause, ExpressionToken[]> {
  if (!isWord(tokens[0], 'SELECT')) throw new Unportable(`${tokens[0]?.text ?? 'nothing'} where SELECT is expected`);
  const clauses = new Map<Clause, ExpressionToken[]>([['SELECT', []]]);
  const isOutside = outsideBrackets(tokens);
  let open: ExpressionToken[] = clauses.get('SELECT') ?? [];
  tokens.forEach((token, index) => {
    if (index === 0) return;
    // IS DISTINCT FROM contains a word that otherwise begins a clause.
    const isPlain = isOutside[index] !== true || isWord(tokens[index - 1], 'DISTINCT');
    const word = isPlain ? undefined : clauseWords.find((candidate) => isWord(token, candidate));
    if (word === undefined) {
      open.push(token);
      return;
    }
    if (clauses.has(word)) throw new Unportable(`a second ${word} is not understood`);
    open = [];
    clauses.set(word, open);
  });
  return clauses;
}

function readCore(clauses: Map<Clause, ExpressionToken[]>): SelectCore {
  if (clauses.has('WINDOW')) throw new Unportable('WINDOW is not carried over');
  const head = clauses.get('SELECT') ?? [];
  const isDistinct = isWord(head[0], 'DISTINCT');
  const items = isDistinct || isWord(head[0], 'ALL') ? head.slice(1) : head;
  const optional = (clause: Clause) => {
    const tokens = clauses.get(clause);
    return tokens === undefined ? null : readExpression(tokens);
  };
  return {
    isDistinct,
    items: splitAtCommas(items).map(readItem),
    from: readFrom(clauses.get('FROM') ?? []),
    where: optional('WHERE'),
    groupBy: splitClause(clauses.get('GROUP'), 'BY').map(readExpression),
    having: optional('HAVING'),
  };
}

/** The parts of GROUP BY and ORDER BY, whose first word has been removed already. */
function splitClause(tokens: readonly ExpressionToken[] | undefined, second: string): ExpressionToken[][] {
  if (tokens === undefined) return [];
  if (!isWord(tokens[0], second)) throw new Unportable(`${second} is missing`);
  return splitAtCommas(tokens.slice(1));
}

function readItem(tokens: readonly ExpressionToken[]): SelectItem {
  if (tokens.length === 1 && isSign(tokens[0], '*')) return { tag: 'star', table: null };
  if (tokens.length === 3 && isSign(tokens[1], '.') && isSign(tokens[2], '*'))
    return { tag: 'star', table: tokens[0]?.text ?? '' };
  const last = tokens.at(-1);
  const isName = last?.tag === 'word' || last?.tag === 'name' || last?.tag === 'string';
  if (isName && isWord(tokens.at(-2), 'AS'))
    return { tag: 'value', expression: readExpression(tokens.slice(0, -2)), alias: last.text };
  try {
    return { tag: 'value', expression: readExpression(tokens), alias: null };
  } catch (error) {
    // What is no expression as a whole may be one with a name behind it.
    if (!(error instanceof Unportable) || !isName || tokens.length < 2) throw error;
    return { tag: 'value', expression: readExpression(tokens.slice(0, -1)), alias: last.text };
  }
}

function readOrderTerm(tokens: readonly ExpressionToken[]): OrderTerm {
  let rest = tokens;
  let nulls: OrderTerm['nulls'] = null;
  const last = rest.at(-1);
  if (isWord(rest.at(-2), 'NULLS') && (isWord(last, 'FIRST') || isWord(last, 'LAST'))) {
    nulls = isWord(last, 'FIRST') ? 'FIRST' : 'LAST';
    rest = rest.slice(0, -2);
  }
  const isDescending = isWord(rest.at(-1), 'DESC');
  if (isDescending || isWord(rest.at(-1), 'ASC')) rest = rest.slice(0, -1);
  return { expression: readExpression(rest), isDescending, nulls };
}

function readFrom(tokens: readonly ExpressionToken[]): JoinedRelation[] {
  const relations: JoinedRelation[] = [];
  let at = 0;
  while (at < tokens.length) {
    const joined = relations.length === 0 ? { join: null, at } : readJoinWords(tokens, at);
    const end = endOfRelation(tokens, joined.at);
    relations.push(readRelation(tokens.slice(joined.at, end), joined.join));
    at = end;
  }
  return relations;
}

function readJoinWords(
  tokens: readonly ExpressionToken[],
  start: number,
): { join: JoinedRelation['join']; at: number } {
  if (isSign(tokens[start], ',')) return { join: 'CROSS JOIN', at: start + 1 };
  let at = start;
  const words: string[] = [];
  while (joinWords.some((word) => isWord(tokens[at], word)) || isWord(tokens[at], 'OUTER')) {
    words.push(tokens[at]?.text.toUpperCase() ?? '');
    at += 1;
  }
  const text = words.filter((word) => word !== 'OUTER' && word !== 'INNER').join(' ');
  const joins = ['JOIN', 'CROSS JOIN', 'LEFT JOIN', 'RIGHT JOIN', 'FULL JOIN'] as const;
  const join = joins.find((candidate) => candidate === text);
  if (join === undefined) throw new Unportable(`${words.join(' ')} is not carried over`);
  return { join, at };
}

function endOfRelation(tokens: readonly ExpressionToken[], start: number): number {
  const isOutside = outsideBrackets(tokens);
  const end = tokens.findIndex(
    (token, at) =>
      at >= start && isOutside[at] === true && (isSign(token, ',') || joinWords.some((word) => isWord(token, word))),
  );
  return end < 0 ? tokens.length : end;
}

/** table [AS alias] [ON … | USING (…)], or a SELECT in brackets. */
function readRelation(tokens: readonly ExpressionToken[], join: JoinedRelation['join']): JoinedRelation {
  const isBracket = isSign(tokens[0], '(');
  const close = isBracket ? findClose(tokens, 0) : 0;
  if (close < 0) throw new Unportable('its brackets do not match');
  const isMain = !isBracket && isWord(tokens[0], 'MAIN') && isSign(tokens[1], '.');
  const first = isMain ? tokens[2] : tokens[0];
  if (!isBracket && first?.tag !== 'word' && first?.tag !== 'name') throw new Unportable('a table is missing');
  const relation: JoinedRelation['relation'] = isBracket
    ? { tag: 'select', select: readSelect(tokens.slice(1, close)) }
    : { tag: 'named', name: first?.text ?? '' };
  const rest = tokens.slice(isMain ? 3 : close + 1);
  const { alias, length } = readAlias(rest);
  return { relation, alias, join, ...readConstraint(rest.slice(length), join) };
}

function readAlias(tokens: readonly ExpressionToken[]): { alias: string | null; length: number } {
  const isNamed = isWord(tokens[0], 'AS');
  const token = tokens[isNamed ? 1 : 0];
  const isName = token?.tag === 'name' || token?.tag === 'string' || token?.tag === 'word';
  const isConstraint = ['ON', 'USING', 'INDEXED', 'NOT'].some((word) => isWord(token, word));
  if (isName && (isNamed || !isConstraint)) return { alias: token.text, length: isNamed ? 2 : 1 };
  return { alias: null, length: 0 };
}

function readConstraint(
  tokens: readonly ExpressionToken[],
  join: JoinedRelation['join'],
): Pick<JoinedRelation, 'on' | 'using'> {
  if (tokens.length === 0) return { on: null, using: [] };
  if (isWord(tokens[0], 'ON') && join !== null) return { on: readExpression(tokens.slice(1)), using: [] };
  if (isWord(tokens[0], 'USING') && isSign(tokens[1], '(') && join !== null) {
    const inside = tokens.slice(2, findClose(tokens, 1));
    return { on: null, using: splitAtCommas(inside).map(([name]) => name?.text ?? '') };
  }
  throw new Unportable(`${tokens[0]?.text} is not understood here`);
}
