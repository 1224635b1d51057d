import { foldCase } from '../../lib/fold-case.js';
import { isSign, isWord, splitAtCommas, findClose, type ExpressionToken } from './sql-tokens.js';

/** The SQLite expressions that can mean the same in PostgreSQL. Operators are in upper case. */
export type Expression =
  | { readonly tag: 'number' | 'string' | 'blob'; readonly text: string }
  | { readonly tag: 'null' }
  | { readonly tag: 'bool'; readonly value: boolean }
  /** An identifier: a column; or, in double quotes, a text by SQLite's old leniency. */
  | { readonly tag: 'name'; readonly name: string; readonly isDouble: boolean; readonly table: string | null }
  | {
      readonly tag: 'call';
      readonly name: string;
      readonly operands: readonly Expression[];
      /** distinct: f(DISTINCT x); star: f(*). */
      readonly over: 'all' | 'distinct' | 'star';
    }
  | {
      readonly tag: 'case';
      /** What is compared with each `when`; null where each is a condition. */
      readonly operand: Expression | null;
      readonly branches: readonly { readonly when: Expression; readonly result: Expression }[];
      readonly otherwise: Expression | null;
    }
  | { readonly tag: 'cast'; readonly operand: Expression; readonly type: string }
  | { readonly tag: 'unary'; readonly operator: string; readonly operand: Expression }
  | { readonly tag: 'binary'; readonly operator: string; readonly left: Expression; readonly right: Expression }
  | {
      readonly tag: 'in';
      readonly operand: Expression;
      readonly items: readonly Expression[];
      readonly isNegated: boolean;
    };

/** Why an expression has no sure equivalent. Thrown and caught within the translation only. */
export class Unportable extends Error {}

const levels: readonly (readonly string[])[] = [
  ['OR'],
  ['AND'],
  ['NOT'],
  ['=', '==', '<>', '!=', 'IS', 'IN', 'LIKE', 'GLOB', 'BETWEEN', 'ISNULL', 'NOTNULL', 'NOT'],
  ['<', '<=', '>', '>='],
  ['&', '|', '<<', '>>'],
  ['+', '-'],
  ['*', '/', '%'],
  ['||'],
];
const notLevel = 2;
const equalityLevel = 3;
/** Deeper nesting than any schema written by a person. */
const depthMax = 500;

/** Reads one whole expression. Throws Unportable at what it does not know. */
export function readExpression(tokens: readonly ExpressionToken[]): Expression {
  const reader = new Reader(tokens);
  const expression = reader.readLevel(0);
  reader.expectEnd();
  return expression;
}

/** A position in a token list, which reading moves forward. */
class Reader {
  readonly #tokens: readonly ExpressionToken[];
  #at = 0;
  #depth = 0;

  constructor(tokens: readonly ExpressionToken[]) {
    this.#tokens = tokens;
  }

  expectEnd(): void {
    const rest = this.#tokens[this.#at];
    if (rest !== undefined) throw new Unportable(`${rest.text} is not understood here`);
  }

  readLevel(level: number): Expression {
    if (this.#depth > depthMax) throw new Unportable('it is nested too deeply');
    this.#depth += 1;
    const expression = this.#readLevelInside(level);
    this.#depth -= 1;
    return expression;
  }

  #readLevelInside(level: number): Expression {
    if (level >= levels.length) return this.#readUnary();
    if (level === notLevel) {
      return this.#take('NOT')
        ? { tag: 'unary', operator: 'NOT', operand: this.readLevel(level) }
        : this.readLevel(level + 1);
    }
    let left = this.readLevel(level + 1);
    for (let operator = this.#takeAny(level); operator !== null; operator = this.#takeAny(level)) {
      left =
        level === equalityLevel
          ? this.#readEquality(left, operator)
          : { tag: 'binary', operator, left, right: this.readLevel(level + 1) };
    }
    return left;
  }

  #readEquality(left: Expression, operator: string): Expression {
    const isNegated = operator === 'NOT';
    const word = isNegated ? this.#expectAny(['IN', 'LIKE', 'GLOB', 'BETWEEN', 'NULL']) : operator;
    switch (word) {
      case 'ISNULL':
        return isNull(left, false);
      case 'NOTNULL':
      case 'NULL':
        return isNull(left, true);
      case 'IS':
        return this.#readIs(left);
      case 'IN':
        return { tag: 'in', operand: left, items: this.#readList(), isNegated };
      case 'LIKE':
        return negate(this.#readLike(left), isNegated);
      case 'GLOB':
        return negate({ tag: 'binary', operator: word, left, right: this.readLevel(equalityLevel + 1) }, isNegated);
      case 'BETWEEN':
        return negate(this.#readBetween(left), isNegated);
      default:
        return { tag: 'binary', operator: word, left, right: this.readLevel(equalityLevel + 1) };
    }
  }

  /** With ESCAPE it is the call that it is to SQLite: like(pattern, text, escape). */
  #readLike(left: Expression): Expression {
    const right = this.readLevel(equalityLevel + 1);
    if (!this.#take('ESCAPE')) return { tag: 'binary', operator: 'LIKE', left, right };
    const sign = this.readLevel(equalityLevel + 1);
    return { tag: 'call', name: 'like', operands: [right, left, sign], over: 'all' };
  }

  #readIs(left: Expression): Expression {
    const isNegated = this.#take('NOT');
    const right = this.readLevel(equalityLevel + 1);
    if (right.tag === 'null') return isNull(left, isNegated);
    return { tag: 'binary', operator: isNegated ? 'IS NOT' : 'IS', left, right };
  }

  #readBetween(operand: Expression): Expression {
    const low = this.readLevel(equalityLevel + 1);
    this.#expectAny(['AND']);
    const high = this.readLevel(equalityLevel + 1);
    const above: Expression = { tag: 'binary', operator: '>=', left: operand, right: low };
    return {
      tag: 'binary',
      operator: 'AND',
      left: above,
      right: { tag: 'binary', operator: '<=', left: operand, right: high },
    };
  }

  #readUnary(): Expression {
    for (const operator of ['-', '+', '~']) {
      if (!this.#take(operator)) continue;
      const operand = this.readLevel(levels.length);
      if (operand.tag === 'number' && operator !== '~')
        return { tag: 'number', text: operator === '-' ? `-${operand.text}`.replace('--', '') : operand.text };
      return { tag: 'unary', operator, operand };
    }
    return this.#readPrimary();
  }

  #readPrimary(): Expression {
    const token = this.#tokens[this.#at];
    if (token === undefined) throw new Unportable('it ends too early');
    if (isSign(token, '(')) return this.#readBracket();
    this.#at += 1;
    switch (token.tag) {
      case 'number':
      case 'string':
      case 'blob':
        return { tag: token.tag, text: token.text };
      case 'name':
        return this.#readName(token);
      case 'word':
        return this.#readWord(token);
      case 'sign':
        throw new Unportable(`${token.text} has no sure equivalent`);
    }
  }

  #readBracket(): Expression {
    const [only, another] = this.#readList();
    if (only === undefined || another !== undefined) throw new Unportable('a row value has no sure equivalent');
    return only;
  }

  #readWord(token: ExpressionToken): Expression {
    const word = token.text.toUpperCase();
    if (word === 'CASE') return this.#readCase();
    if (word === 'CAST' && isSign(this.#tokens[this.#at], '(')) return this.#readCast();
    if (isSign(this.#tokens[this.#at], '(')) return this.#readCall(foldCase(token.text));
    if (word === 'NULL') return { tag: 'null' };
    if (word === 'TRUE' || word === 'FALSE') return { tag: 'bool', value: word === 'TRUE' };
    if (['CURRENT_TIMESTAMP', 'CURRENT_DATE', 'CURRENT_TIME'].includes(word))
      return { tag: 'call', name: foldCase(word), operands: [], over: 'all' };
    if (['SELECT', 'EXISTS', 'RAISE', 'MATCH', 'REGEXP', 'COLLATE'].includes(word)) {
      throw new Unportable(`${word} has no sure equivalent`);
    }
    return this.#readName(token);
  }

  /** column, or table.column. */
  #readName(first: ExpressionToken): Expression {
    const isDouble = first.isDouble === true;
    if (!this.#take('.')) return { tag: 'name', name: first.text, isDouble, table: null };
    const second = this.#tokens[this.#at];
    if (second?.tag !== 'word' && second?.tag !== 'name') throw new Unportable('a name is missing after its point');
    this.#at += 1;
    return { tag: 'name', name: second.text, isDouble: false, table: first.text };
  }

  #readCall(name: string): Expression {
    const inside = this.#readInside();
    const next = this.#tokens[this.#at];
    if (isWord(next, 'OVER') || isWord(next, 'FILTER')) throw new Unportable(`${next?.text} has no sure equivalent`);
    const [first] = inside;
    if (inside.length === 1 && isSign(first, '*')) return { tag: 'call', name, operands: [], over: 'star' };
    const isDistinct = isWord(first, 'DISTINCT');
    const operands = this.#readParts(isDistinct ? inside.slice(1) : inside);
    return { tag: 'call', name, operands, over: isDistinct ? 'distinct' : 'all' };
  }

  /** CASE [x] WHEN y THEN z … [ELSE z] END; the first word has been read already. */
  #readCase(): Expression {
    const operand = isWord(this.#tokens[this.#at], 'WHEN') ? null : this.readLevel(0);
    const branches: { when: Expression; result: Expression }[] = [];
    while (this.#take('WHEN')) {
      const when = this.readLevel(0);
      this.#expectAny(['THEN']);
      branches.push({ when, result: this.readLevel(0) });
    }
    const otherwise = this.#take('ELSE') ? this.readLevel(0) : null;
    this.#expectAny(['END']);
    return { tag: 'case', operand, branches, otherwise };
  }

  #readCast(): Expression {
    const inside = this.#readInside();
    const as = inside.findIndex(
      (token, index) => isWord(token, 'AS') && inside.slice(index + 1).every((rest) => rest.tag === 'word'),
    );
    if (as < 0) throw new Unportable('CAST is not understood');
    const type = inside
      .slice(as + 1)
      .map((token) => token.text.toUpperCase())
      .join(' ');
    return { tag: 'cast', operand: readExpression(inside.slice(0, as)), type };
  }

  #readList(): Expression[] {
    return this.#readParts(this.#readInside());
  }

  #readParts(tokens: readonly ExpressionToken[]): Expression[] {
    return tokens.length === 0 ? [] : splitAtCommas(tokens).map((part) => this.#readNested(part));
  }

  #readNested(tokens: readonly ExpressionToken[]): Expression {
    const reader = new Reader(tokens);
    reader.#depth = this.#depth;
    const expression = reader.readLevel(0);
    reader.expectEnd();
    return expression;
  }

  #readInside(): readonly ExpressionToken[] {
    const close = isSign(this.#tokens[this.#at], '(') ? findClose(this.#tokens, this.#at) : -1;
    if (close < 0) throw new Unportable('its brackets do not match');
    const inside = this.#tokens.slice(this.#at + 1, close);
    this.#at = close + 1;
    return inside;
  }

  #take(operator: string): boolean {
    const token = this.#tokens[this.#at];
    const isThere = isSign(token, operator) || isWord(token, operator);
    if (isThere) this.#at += 1;
    return isThere;
  }

  #takeAny(level: number): string | null {
    return levels[level]?.find((operator) => this.#take(operator)) ?? null;
  }

  #expectAny(words: readonly string[]): string {
    const word = words.find((candidate) => this.#take(candidate));
    if (word === undefined) throw new Unportable(`${words.join(' or ')} is missing`);
    return word;
  }
}

function isNull(operand: Expression, isNegated: boolean): Expression {
  return { tag: 'unary', operator: isNegated ? 'IS NOT NULL' : 'IS NULL', operand };
}

function negate(operand: Expression, isNegated: boolean): Expression {
  return isNegated ? { tag: 'unary', operator: 'NOT', operand } : operand;
}
