import type { LiteralForm } from '../../model/kind.js';
import type { SqliteValue } from '../../model/value.js';
import type { CellForm, Inverse } from './form.js';
import { intervalInverse } from './interval-inverse.js';
import { textInverse } from './text-inverses.js';

/**
 * Any other type: the text that PostgreSQL prints, which its input function takes again. An array goes back as a JSON
 * array where the column holds those; an interval as intervalInverse says.
 */
export function literalInverse(form: LiteralForm | undefined): Inverse {
  const plain = textInverse();
  if (form?.tag === 'array') {
    const json: CellForm = { name: 'JSON arrays', write: jsonOfArray };
    return {
      ...plain,
      formsLike: (cell) =>
        typeof cell === 'string' && /^\s*\[(?!\d+:\d+\]=)/.test(cell) ? [json] : plain.formsLike(cell),
      wider: () => null,
    };
  }
  return form?.tag === 'interval' ? intervalInverse(form.unit) : { ...plain, wider: () => null };
}

/** Braces, commas, quoted elements, or elements without quotes. */
const arrayToken = /[{},]|"(?:[^"\\]|\\.)*"|(?:[^{},"\\]|\\.)+/gs;

/** PostgreSQL's `{…}` as a JSON array; what are numbers and truths is judged by their look, as it was read. */
function jsonOfArray(printed: string): SqliteValue | undefined {
  if (!printed.startsWith('{')) return undefined;
  return printed.replace(arrayToken, (token) => {
    if (token === '{') return '[';
    if (token === '}') return ']';
    if (token === ',') return ',';
    if (token === 'NULL') return 'null';
    if (token.startsWith('"')) return JSON.stringify(token.slice(1, -1).replaceAll(/\\(.)/gs, '$1'));
    return /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(token) ? token : JSON.stringify(token);
  });
}
