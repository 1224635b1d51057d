import type { Expression } from './expression.js';
import { renderDateOf, renderDatetimeOf, renderStrftimeOf, renderUnixepochOf } from './moments.js';
import { renderGlob, renderLike } from './patterns.js';
import { asText, type Rendered, refuseTranslation, type Scope, yields } from './rendered.js';
import { renderExpression } from './expression-sql.js';

type Render = (operands: readonly Rendered[], expressions: readonly Expression[], scope: Scope) => Rendered;

/** Functions of SQLite that mean the same for the same values; lower and upper fold ASCII only, hence "C". */
const functions: Readonly<Record<string, Render>> = {
  length: renderLength,
  lower: (operands) => yields('text', `lower(${textOf(operands, 1)} COLLATE "C")`),
  upper: (operands) => yields('text', `upper(${textOf(operands, 1)} COLLATE "C")`),
  trim: (operands) => yields('text', `btrim(${textOf(operands, 1)})`),
  ltrim: (operands) => yields('text', `ltrim(${textOf(operands, 1)})`),
  rtrim: (operands) => yields('text', `rtrim(${textOf(operands, 1)})`),
  abs: renderAbs,
  substr: renderSubstr,
  substring: renderSubstr,
  coalesce: renderCoalesce,
  ifnull: renderCoalesce,
  nullif: renderNullif,
  replace: renderReplace,
  instr: (operands) => yields('integer', `strpos(${allTexts(operands, 2)})::bigint`),
  typeof: renderTypeof,
  json_valid: renderJsonValid,
  like: renderLikeCall,
  glob: ([pattern, text, more]) =>
    pattern === undefined || text === undefined || more !== undefined
      ? refuseTranslation('glob needs a pattern and a text')
      : renderGlob(text, pattern),
  date: renderDateOf,
  datetime: renderDatetimeOf,
  strftime: renderStrftimeOf,
  unixepoch: renderUnixepochOf,
};

/** Renders a call to a function that depends on its operands only; null where there is no such function here. */
export function renderPureCall(name: string, operands: readonly Expression[], scope: Scope): Rendered | null {
  const render = Object.hasOwn(functions, name) ? functions[name] : undefined;
  return render === undefined
    ? null
    : render(
        operands.map((operand) => renderExpression(operand, scope)),
        operands,
        scope,
      );
}

/** A scope of columns only, for CHECK constraints, generated columns and indexes. */
export function columnScope(parts: Pick<Scope, 'column' | 'isText' | 'hasIsJson'>): Scope {
  return { ...parts, call: renderPureCall };
}

function textOf(operands: readonly Rendered[], count: number): string {
  const [first] = operands;
  const isText = first?.class === 'text' || first?.isText === true;
  if (first === undefined || operands.length !== count || !isText)
    return refuseTranslation('the function needs a text');
  return first.sql;
}

/** Of a number its text counts, of a blob its bytes. */
function renderLength([operand, more]: readonly Rendered[]): Rendered {
  if (operand === undefined || more !== undefined) return refuseTranslation('length needs one value');
  if (operand.class === 'bytes') return yields('integer', `octet_length(${operand.sql})`);
  return yields('integer', `length(${asText(operand)})`);
}

function renderLikeCall([pattern, text, escapedBy = null, more]: readonly (Rendered | null)[]): Rendered {
  if (!pattern || !text || more !== undefined) return refuseTranslation('like needs a pattern and a text');
  return renderLike(text, pattern, escapedBy);
}

function renderAbs([operand, another]: readonly Rendered[]): Rendered {
  if (operand === undefined || another !== undefined || !['integer', 'real'].includes(operand.class))
    return refuseTranslation('abs needs a number');
  return yields(operand.class, `abs(${operand.sql})`);
}

/** substr means the same from position 1 on; SQLite counts lower positions and lengths from the end. */
function renderSubstr(operands: readonly Rendered[], expressions: readonly Expression[]): Rendered {
  const [text, from, count] = operands;
  if (text === undefined || from === undefined || operands.length > 3)
    return refuseTranslation('substr needs a text and a position');
  if (lowerBound(expressions[1]) < 1 || (count !== undefined && lowerBound(expressions[2]) < 0))
    return refuseTranslation('substr could count from the end');
  const length = count === undefined ? '' : `, (${count.sql})::integer`;
  return yields('text', `substr(${asText(text)}, (${from.sql})::integer${length})`);
}

/** A number that the expression is never below: 0 for abs(x) % n, for instance. */
function lowerBound(expression: Expression | undefined): number {
  if (expression?.tag === 'number') return Number(expression.text);
  if (expression?.tag === 'call') return expression.name === 'abs' ? 0 : -Infinity;
  if (expression?.tag !== 'binary') return -Infinity;
  if (expression.operator === '+') return lowerBound(expression.left) + lowerBound(expression.right);
  return expression.operator === '%' && lowerBound(expression.left) >= 0 ? 0 : -Infinity;
}

function allTexts(operands: readonly Rendered[], count: number): string {
  if (operands.length !== count || operands.some((operand) => operand.class !== 'text'))
    return refuseTranslation(`the function needs ${count} texts`);
  return operands.map((operand) => operand.sql).join(', ');
}

function renderReplace(operands: readonly Rendered[]): Rendered {
  return yields('text', `replace(${allTexts(operands, 3)})`);
}

function renderNullif(operands: readonly Rendered[]): Rendered {
  const [first, second, more] = operands;
  const isPlain = first !== undefined && ['integer', 'text'].includes(first.class);
  if (!isPlain || second?.class !== first.class || more !== undefined)
    return refuseTranslation('nullif needs two texts or two integers');
  return yields(first.class, `nullif(${first.sql}, ${second.sql})`);
}

/** A column of PostgreSQL holds one class of values, or NULL. */
function renderTypeof([operand, another]: readonly Rendered[]): Rendered {
  const names: Readonly<Record<string, string>> = {
    integer: 'integer',
    text: 'text',
    real: 'real',
    bytes: 'blob',
    bool: 'integer',
  };
  // A time, a uuid or JSON is of the one class that the column holds.
  const single = operand?.class === 'other' ? operand.storage : undefined;
  const name = operand === undefined || another !== undefined ? undefined : (names[operand.class] ?? single);
  if (operand === undefined || name === undefined) return refuseTranslation('the storage class is not kept');
  return yields('text', `(CASE WHEN ${operand.sql} IS NULL THEN 'null' ELSE '${name}' END)`);
}

/** Both read JSON as RFC 8259 has it, and NULL gives NULL. */
function renderJsonValid(operands: readonly Rendered[], _: readonly Expression[], { hasIsJson }: Scope): Rendered {
  if (hasIsJson !== true) return refuseTranslation('PostgreSQL has IS JSON from version 16 on');
  return yields('bool', `(${textOf(operands, 1)} IS JSON)`);
}

function renderCoalesce(operands: readonly Rendered[]): Rendered {
  const [first] = operands;
  if (first === undefined || operands.some((operand) => operand.class !== first.class))
    return refuseTranslation('its values are of different classes');
  return yields(first.class, `coalesce(${operands.map((operand) => operand.sql).join(', ')})`);
}
