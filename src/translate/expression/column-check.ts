import { isSameName } from '../../lib/fold-case.js';
import { type Expression, readExpression, Unportable } from './expression.js';
import type { ExpressionToken } from './sql-tokens.js';

/** A CHECK that says one thing about one column, and lets NULL pass, as every CHECK does. */
export interface ColumnCheck {
  readonly column: string;
  /** What must hold, without the `x IS NULL` that may stand beside it by OR. */
  readonly term: Expression;
}

/** Reads a CHECK that is about one column: `json_valid(x)`, `x IS NULL OR x IN (0, 1)`; null for any other. */
export function readColumnCheck(check: readonly ExpressionToken[]): ColumnCheck | null {
  const alternatives = flatten(attempt(check));
  const [term, more] = alternatives.filter((one) => nullTested(one) === null);
  const column = term === undefined || more !== undefined ? null : subjectOf(term);
  if (term === undefined || column === null) return null;
  const tested = alternatives.map(nullTested).filter((name) => name !== null);
  return tested.every((name) => isSameName(name, column)) ? { column, term } : null;
}

/** The column that a CHECK binds to JSON and to nothing else, null for any other CHECK. */
export function jsonCheckedColumn(check: readonly ExpressionToken[]): string | null {
  const found = readColumnCheck(check);
  return found !== null && isCallOf(found.term, 'json_valid') ? found.column : null;
}

/** Whether an expression is a call of a function with one operand. */
export function isCallOf(term: Expression, name: string): boolean {
  return term.tag === 'call' && term.name === name && term.over === 'all' && term.operands.length === 1;
}

function attempt(check: readonly ExpressionToken[]): Expression | null {
  try {
    return readExpression(check);
  } catch (error) {
    if (error instanceof Unportable) return null;
    throw error;
  }
}

function flatten(expression: Expression | null): Expression[] {
  if (expression === null) return [];
  return expression.tag === 'binary' && expression.operator === 'OR'
    ? [...flatten(expression.left), ...flatten(expression.right)]
    : [expression];
}

function nullTested(term: Expression): string | null {
  return term.tag === 'unary' && term.operator === 'IS NULL' ? nameOf(term.operand) : null;
}

/** The column that a term is about: itself, or as the one operand of a function. */
function subjectOf(term: Expression): string | null {
  switch (term.tag) {
    case 'name':
      return nameOf(term);
    case 'call':
      return term.over === 'all' && term.operands.length === 1 ? nameOf(term.operands[0]) : null;
    case 'in':
      return subjectOf(term.operand);
    case 'binary':
      return subjectOf(term.left);
    default:
      return null;
  }
}

function nameOf(expression: Expression | undefined): string | null {
  return expression?.tag === 'name' ? expression.name : null;
}
