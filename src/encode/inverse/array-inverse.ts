import type { LiteralForm } from '../../model/kind.js';
import type { CellForm, Inverse } from './form.js';
import { textInverse } from './text-inverses.js';

/** How JSON shows an element that PostgreSQL prints, other than NULL. */
type Element = (text: string) => string;

const isJsonNumber = (text: string): boolean => /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(text);

const asText: Element = (text) => JSON.stringify(text);
const asNumber: Element = (text) => (isJsonNumber(text) ? text : asText(text));
const asTruth: Element = (text) => (text === 't' ? 'true' : text === 'f' ? 'false' : asText(text));
const asDigit: Element = (text) => (text === 't' ? '1' : text === 'f' ? '0' : asText(text));

const texts = jsonForm('JSON arrays of texts', asText);
const numbers = jsonForm('JSON arrays of numbers', asNumber);
const truths = jsonForm('JSON arrays of true and false', asTruth);
const digits = jsonForm('JSON arrays of 1 and 0', asDigit);

/** An array goes back as a JSON array where the column holds those, with elements like the ones that it holds there. */
export function arrayInverse({ elements }: Extract<LiteralForm, { readonly tag: 'array' }>): Inverse {
  const plain = textInverse();
  const usual = elements === 'numbers' ? numbers : elements === 'truths' ? truths : texts;
  const bareNumbers = elements === 'truths' ? digits : numbers;
  return {
    ...plain,
    formsLike: (cell) => {
      if (typeof cell !== 'string' || !/^\s*\[(?!\d+:\d+\]=)/.test(cell)) return plain.formsLike(cell);
      const outside = cell.replaceAll(/"(?:[^"\\]|\\.)*"/gs, '""');
      if (/[\d]/.test(outside)) return [bareNumbers];
      if (/true|false/.test(outside)) return [truths];
      return [outside.includes('"') ? texts : usual];
    },
    wider: () => null,
  };
}

/** Braces, commas, quoted elements, or elements without quotes. */
const arrayToken = /[{},]|"(?:[^"\\]|\\.)*"|(?:[^{},"\\]|\\.)+/gs;

/** PostgreSQL's `{…}` as a JSON array. */
function jsonForm(name: string, element: Element): CellForm {
  const put = (token: string): string => {
    if (token === '{') return '[';
    if (token === '}') return ']';
    if (token === ',') return ',';
    if (token === 'NULL') return 'null';
    return element(token.startsWith('"') ? token.slice(1, -1).replaceAll(/\\(.)/gs, '$1') : token);
  };
  return { name, write: (printed) => (printed.startsWith('{') ? printed.replace(arrayToken, put) : undefined) };
}
