import type { TargetColumn } from '../../model/target.js';
import { readCharsTypmod } from '../../plan/kinds/typmod.js';
import { isCallOf, readColumnCheck } from '../expression/column-check.js';
import type { Expression } from '../expression/expression.js';
import type { ExpressionToken } from '../expression/sql-tokens.js';

/**
 * Whether the type of a target column says what a CHECK of the source says: JSON by json_valid, a boolean by 0 and 1, an
 * enum by its labels, varchar(n) by a length, a number or a text by typeof. `columnOf` finds the target column of a source
 * column.
 */
export function isSaidByType(
  check: readonly ExpressionToken[],
  columnOf: (source: string) => TargetColumn | null,
): boolean {
  const found = readColumnCheck(check);
  const target = found === null ? null : columnOf(found.column);
  return found !== null && target !== null && says(target, found.term);
}

function says(target: TargetColumn, term: Expression): boolean {
  const { baseType, typeClass, enumLabels, typmod } = target;
  if (isCallOf(term, 'json_valid')) return baseType === 'json' || baseType === 'jsonb';
  if (baseType === 'bool') return allowed(term)?.every((value) => value === '0' || value === '1') === true;
  if (typeClass === 'e') {
    const values = allowed(term);
    return values !== null && (enumLabels ?? []).every((label) => values.includes(label));
  }
  if (term.tag === 'binary' && isCallOf(term.left, 'length')) {
    const chars = readCharsTypmod(typmod);
    const bound = lengthBound(term);
    return baseType === 'varchar' && chars !== null && bound !== null && chars <= bound;
  }
  return saysStorage(baseType, term);
}

/** The literals that a term allows its column by IN or =, null where it is no such term. */
function allowed(term: Expression): string[] | null {
  if (term.tag === 'binary' && ['=', '==', 'IS'].includes(term.operator) && term.left.tag === 'name')
    return literals([term.right]);
  return term.tag === 'in' && !term.isNegated && term.operand.tag === 'name' ? literals(term.items) : null;
}

function literals(items: readonly Expression[]): string[] | null {
  const values = items.map((item) => {
    if (item.tag === 'number' || item.tag === 'string') return item.text;
    if (item.tag === 'bool') return item.value ? '1' : '0';
    return item.tag === 'name' && item.isDouble ? item.name : null;
  });
  const known = values.filter((value) => value !== null);
  return known.length === values.length ? known : null;
}

function lengthBound({ operator, right }: Extract<Expression, { tag: 'binary' }>): number | null {
  if (right.tag !== 'number') return null;
  if (operator === '<=') return Number(right.text);
  return operator === '<' ? Number(right.text) - 1 : null;
}

const storages: Readonly<Record<string, readonly string[]>> = {
  integer: ['int2', 'int4', 'int8'],
  real: ['float4', 'float8'],
  text: ['text', 'varchar', 'bpchar', 'citext'],
  blob: ['bytea'],
};

/** typeof(x) = 'integer', or IN a list that has it. */
function saysStorage(baseType: string, term: Expression): boolean {
  const isEqual = term.tag === 'binary' && ['=', '==', 'IS'].includes(term.operator) && isCallOf(term.left, 'typeof');
  const isListed = term.tag === 'in' && !term.isNegated && isCallOf(term.operand, 'typeof');
  const names = isEqual ? literals([term.right]) : isListed ? literals(term.items) : null;
  return names?.some((name) => storages[name]?.includes(baseType) === true) === true;
}
