import { asText, type Rendered, refuseTranslation, yields } from '../expression/rendered.js';
import { quoteText } from '../../lib/quote.js';

/** SQLite's aggregate functions that PostgreSQL has too, perhaps under another name. */
export const aggregateNames: ReadonlySet<string> = new Set([
  'count',
  'sum',
  'total',
  'avg',
  'min',
  'max',
  'group_concat',
  'string_agg',
]);

export interface AggregateCall {
  readonly name: string;
  readonly operands: readonly Rendered[];
  readonly over: 'all' | 'distinct' | 'star';
}

/** An aggregate with the same result, of the class that SQLite gives it. Throws Unportable. */
export function renderAggregate({ name, operands, over }: AggregateCall): Rendered {
  if (over === 'star')
    return name === 'count' ? yields('integer', 'count(*)') : refuseTranslation(`${name}(*) is not understood`);
  const [operand, separator, more] = operands;
  if (operand === undefined || more !== undefined) return refuseTranslation(`${name} needs one value`);
  const distinct = over === 'distinct' ? 'DISTINCT ' : '';
  if (distinct !== '' && ['other', 'instant', 'null'].includes(operand.class))
    return refuseTranslation('values are compared that compare differently');
  if (name === 'group_concat' || name === 'string_agg') return concatenate(operand, separator, distinct);
  if (separator !== undefined) return refuseTranslation(`${name} of two values has no sure equivalent`);
  switch (name) {
    case 'count':
      return yields('integer', `count(${distinct}${operand.sql})`);
    case 'sum':
      return sumOf(operand, distinct);
    case 'total':
      return yields('real', `coalesce(sum(${distinct}${numberOf(operand)}::double precision), 0)`);
    case 'avg':
      return yields('real', `avg(${distinct}${numberOf(operand)}::double precision)`);
    default:
      return extreme(name, operand);
  }
}

function numberOf(operand: Rendered): string {
  return ['integer', 'real', 'numeric'].includes(operand.class)
    ? `(${operand.sql})`
    : refuseTranslation('it sums no numbers');
}

/** Sums of integers are integers in SQLite, where PostgreSQL makes them numeric; decimals are summed exactly. */
function sumOf(operand: Rendered, distinct: string): Rendered {
  if (operand.class === 'bool') return yields('integer', `sum(${distinct}(${operand.sql})::integer)::bigint`);
  const sql = `sum(${distinct}${numberOf(operand)})`;
  return operand.class === 'integer' ? yields('integer', `${sql}::bigint`) : yields(operand.class, sql);
}

function extreme(name: string, operand: Rendered): Rendered {
  if (operand.class === 'text') return yields('text', `${name}(${operand.sql} COLLATE "C")`);
  numberOf(operand);
  return yields(operand.class, `${name}(${operand.sql})`);
}

function concatenate(operand: Rendered, separator: Rendered | undefined, distinct: string): Rendered {
  if (separator !== undefined && (separator.literal === null || separator.class !== 'text' || distinct !== ''))
    return refuseTranslation('the separator is no text');
  return yields('text', `string_agg(${distinct}${asText(operand)}, ${quoteText(separator?.literal ?? ',')})`);
}
