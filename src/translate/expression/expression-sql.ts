import type { Expression } from './expression.js';
import { quoteText } from '../../lib/quote.js';
import { compareMoments } from './moments.js';
import { equalities, orders } from './operators.js';
import { renderGlob, renderLike } from './patterns.js';
import {
  asCondition,
  asText,
  type Rendered,
  refuseTranslation,
  type ResultClass,
  type Scope,
  yields,
} from './rendered.js';

const numberClasses: readonly ResultClass[] = ['integer', 'numeric', 'real'];

/** PostgreSQL's SQL for an expression that means the same in both. Throws Unportable where that is not sure. */
export function renderExpression(expression: Expression, scope: Scope): Rendered {
  return scope.whole?.(expression) ?? renderParts(expression, scope);
}

function renderParts(expression: Expression, scope: Scope): Rendered {
  switch (expression.tag) {
    case 'number':
      return renderNumber(expression.text);
    case 'string':
      return renderText(expression.text);
    case 'blob':
      return yields('bytes', `'\\x${expression.text}'::bytea`);
    case 'null':
      return yields('null', 'NULL');
    case 'bool':
      return yields('bool', String(expression.value));
    case 'name':
      return renderName(expression, scope);
    case 'call':
      return renderCall(expression, scope);
    case 'case':
      return renderCase(expression, scope);
    case 'cast':
      return renderCast(renderExpression(expression.operand, scope), expression.type);
    case 'unary':
      return renderUnary(expression.operator, renderExpression(expression.operand, scope));
    case 'binary':
      return renderBinary(expression, scope);
    case 'in':
      return renderIn(expression, scope);
  }
}

/** A column; or a text, which a name in double quotes is to SQLite where it names no column (https://www.sqlite.org/quirks.html#dblquote). */
function renderName({ name, table, isDouble }: Extract<Expression, { tag: 'name' }>, scope: Scope): Rendered {
  const column = scope.column(name, table);
  if (column !== null) return column;
  const isText = isDouble && table === null && scope.isText?.(name) === true;
  return isText ? renderText(name) : refuseTranslation(`${name} cannot be used here`);
}

function renderText(text: string): Rendered {
  return { sql: quoteText(text), class: 'text', literal: text };
}

function renderNumber(text: string): Rendered {
  const isHex = /0x/i.test(text);
  if (!isHex && !/^-?[0-9]+$/.test(text)) return { sql: text, class: 'real', literal: text };
  const value = text.startsWith('-') ? -BigInt(text.slice(1)) : BigInt(text);
  const isInRange = value >= -(1n << 63n) && value < 1n << 63n;
  if (isHex)
    return isInRange
      ? { sql: String(value), class: 'integer', literal: String(value) }
      : refuseTranslation(`${text} is out of range`);
  return { sql: text, class: isInRange ? 'integer' : 'real', literal: text };
}

function renderCall({ name, operands, over }: Extract<Expression, { tag: 'call' }>, scope: Scope): Rendered {
  const value = over === 'all' ? scope.call(name, operands, scope) : (scope.aggregate?.(name, operands, over) ?? null);
  return value ?? refuseTranslation(`the function ${name} has no sure equivalent`);
}

/** All branches must be of one class, since PostgreSQL brings them to one type. */
function renderCase(expression: Extract<Expression, { tag: 'case' }>, scope: Scope): Rendered {
  const operand = expression.operand === null ? null : renderExpression(expression.operand, scope);
  const branches = expression.branches.map(({ when, result }) => {
    const value = renderExpression(when, scope);
    const condition = operand === null ? asCondition(value) : renderComparison('=', operand, value).sql;
    return { condition, result: renderExpression(result, scope) };
  });
  const last = expression.otherwise === null ? null : renderExpression(expression.otherwise, scope);
  const truth = [...branches.map(({ result }) => result), last].find((value) => value?.class === 'bool') ?? null;
  const alike = (value: Rendered) => (truth === null ? value : asTruth(value, truth));
  const otherwise = last === null ? null : alike(last);
  const values = [...branches.map(({ result }) => alike(result)), ...(otherwise === null ? [] : [otherwise])];
  const classes = new Set(values.map((value) => value.class).filter((one) => one !== 'null'));
  const [only, another] = classes;
  if (only === undefined || another !== undefined || only === 'other' || only === 'instant')
    return refuseTranslation('the branches of CASE are of different classes');
  const whens = branches.map(({ condition, result }) => `WHEN ${condition} THEN ${alike(result).sql}`).join(' ');
  return yields(only, `(CASE ${whens}${otherwise === null ? '' : ` ELSE ${otherwise.sql}`} END)`);
}

function renderCast(value: Rendered, type: string): Rendered {
  const words = type.split(' ')[0] ?? '';
  if (['INTEGER', 'INT', 'BIGINT'].includes(words)) {
    if (value.class === 'integer') return value;
    if (value.class === 'real' || value.class === 'numeric')
      return { ...yields('integer', `trunc(${value.sql})::bigint`), isEpoch: value.isEpoch ?? false };
  }
  if (words === 'TEXT') return yields('text', asText(value));
  if (words === 'REAL' && numberClasses.includes(value.class))
    return yields('real', `(${value.sql})::double precision`);
  return refuseTranslation(`CAST AS ${type} has no sure equivalent here`);
}

function renderUnary(operator: string, operand: Rendered): Rendered {
  if (operator === 'NOT') return yields('bool', `(NOT ${asCondition(operand)})`);
  if (operator === 'IS NULL' || operator === 'IS NOT NULL') return yields('bool', `(${operand.sql} ${operator})`);
  if (operator === '~')
    return operand.class === 'integer'
      ? yields('integer', `(~ ${operand.sql})`)
      : refuseTranslation('~ needs an integer');
  if (!numberClasses.includes(operand.class)) return refuseTranslation(`${operator} needs a number`);
  return operator === '+' ? operand : yields(operand.class, `(- ${operand.sql})`);
}

function renderBinary(expression: Extract<Expression, { tag: 'binary' }>, scope: Scope): Rendered {
  const { operator } = expression;
  const left = renderExpression(expression.left, scope);
  const right = renderExpression(expression.right, scope);
  if (operator === 'AND' || operator === 'OR')
    return yields('bool', `(${asCondition(left)} ${operator} ${asCondition(right)})`);
  if (operator === '||') return yields('text', `(${asText(left)} || ${asText(right)})`);
  if (operator === 'LIKE') return renderLike(left, right);
  if (operator === 'GLOB') return renderGlob(left, right);
  if (['&', '|', '<<', '>>'].includes(operator)) return renderBits(operator, left, right);
  if (equalities[operator] !== undefined || orders.includes(operator)) return renderComparison(operator, left, right);
  return renderArithmetic(operator, left, right);
}

/** PostgreSQL shifts by the count modulo 64, SQLite by the whole of it, so that it must be a literal below. */
function renderBits(operator: string, left: Rendered, right: Rendered): Rendered {
  if (left.class !== 'integer' || right.class !== 'integer') return refuseTranslation(`${operator} needs integers`);
  const isShift = operator === '<<' || operator === '>>';
  const count = right.literal === null ? -1 : Number(right.literal);
  if (isShift && !(count >= 0 && count < 64)) return refuseTranslation('its shift could be out of range');
  return yields('integer', `(${asBigint(left)} ${operator} ${isShift ? `${right.sql}::integer` : asBigint(right)})`);
}

function asBigint(value: Rendered): string {
  return value.literal === null ? value.sql : `(${value.sql})::bigint`;
}

function renderComparison(operator: string, left: Rendered, right: Rendered): Rendered {
  const moments = compareMoments(operator, left, right);
  if (moments !== null) return moments;
  const [a, b] = [asTruth(asAffine(left, right), right), asTruth(asAffine(right, left), left)];
  const isAlike = a.class === b.class || (numberClasses.includes(a.class) && numberClasses.includes(b.class));
  const isOrder = orders.includes(operator);
  if (!isAlike || ['null', 'other', 'instant'].includes(a.class) || (isOrder && a.class === 'bool')) {
    return refuseTranslation(`${operator} compares values of different classes`);
  }
  const bytewise = isOrder && a.class === 'text' ? ' COLLATE "C"' : '';
  return yields('bool', `(${a.sql}${bytewise} ${equalities[operator] ?? operator} ${b.sql})`);
}

/** In SQLite a whole number compared with a text column is a text, and a text compared with a number is a number. */
function asAffine(value: Rendered, other: Rendered): Rendered {
  if (value.literal === null || !/^(0|-?[1-9][0-9]{0,17})$/.test(value.literal)) return value;
  if (other.affinity === 'text' && value.class === 'integer')
    return { sql: quoteText(value.literal), class: 'text', literal: value.literal };
  if (other.affinity === 'number' && value.class === 'text' && numberClasses.includes(other.class))
    return { sql: value.literal, class: 'integer', literal: value.literal };
  return value;
}

/** 0 and 1 compared with a boolean are false and true; 't' and 'f' where the column holds such texts only. */
function asTruth(value: Rendered, other: Rendered): Rendered {
  if (other.class !== 'bool') return value;
  if (other.isLetters === true && (value.literal === 't' || value.literal === 'f'))
    return yields('bool', value.literal === 't' ? 'true' : 'false');
  if (value.class !== 'integer') return value;
  if (value.literal === '0' || value.literal === '1') return yields('bool', value.literal === '1' ? 'true' : 'false');
  return refuseTranslation('a boolean is compared with another number than 0 and 1');
}

function renderIn(expression: Extract<Expression, { tag: 'in' }>, scope: Scope): Rendered {
  const operand = renderExpression(expression.operand, scope);
  if (expression.items.length === 0) return refuseTranslation('IN needs a list');
  const items = expression.items.map((item) => renderExpression(item, scope));
  const comparisons = items.map((item) => {
    if (item.literal === null) return refuseTranslation('IN needs literals');
    renderComparison('=', operand, item);
    return asTruth(asAffine(item, operand), operand).sql;
  });
  return yields('bool', `(${operand.sql} ${expression.isNegated ? 'NOT IN' : 'IN'} (${comparisons.join(', ')}))`);
}

/** Dividing by zero is NULL in SQLite and an error in PostgreSQL, so that a divisor must be a literal. */
function renderArithmetic(operator: string, left: Rendered, right: Rendered): Rendered {
  if (!numberClasses.includes(left.class) || !numberClasses.includes(right.class))
    return refuseTranslation(`${operator} needs numbers`);
  const isWhole = left.class === 'integer' && right.class === 'integer';
  if (operator === '%' && !isWhole) return refuseTranslation('% needs integers');
  if (['/', '%'].includes(operator) && (right.literal === null || Number(right.literal) === 0))
    return refuseTranslation('its divisor could be zero');
  const isEpoch = operator === '*' && left.isEpoch === true && Number(right.literal) === 1000;
  const sql = `(${asOperand(left)} ${operator} ${asOperand(right)})`;
  return { ...yields(isWhole ? 'integer' : 'real', sql), isEpoch };
}

/** SQLite reckons with 8-byte floats, where PostgreSQL would take a literal with a point as numeric. */
function asOperand(value: Rendered): string {
  if (value.class === 'integer' || (value.class === 'real' && value.literal === null)) return value.sql;
  return `${value.sql.startsWith('-') ? `(${value.sql})` : value.sql}::double precision`;
}
