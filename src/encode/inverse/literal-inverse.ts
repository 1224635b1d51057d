import type { LiteralForm } from '../../model/kind.js';
import type { SqliteValue } from '../../model/value.js';
import type { CellForm, Inverse } from './form.js';
import { textInverse } from './text-inverses.js';

/**
 * Any other type: the text that PostgreSQL prints, which its input function takes again. An array goes back as a JSON
 * array where the column holds those, an interval as a number of its unit.
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
  if (form?.tag === 'interval' && form.unit !== null) {
    const perSecond = { s: 1, ms: 1000, us: 1_000_000 }[form.unit as string];
    if (perSecond === undefined) return plain;
    const number: CellForm = { name: `integers: ${form.unit}`, write: (printed) => secondsOf(printed, perSecond) };
    return {
      ...plain,
      formsLike: (cell) => (typeof cell === 'bigint' || typeof cell === 'number' ? [number] : plain.formsLike(cell)),
      wider: () => null,
    };
  }
  return { ...plain, wider: () => null };
}

/** An interval of hours, minutes and seconds alone: days and months have no fixed length. */
function secondsOf(printed: string, perSecond: number): SqliteValue | undefined {
  const [, sign = '', hours, minutes = '', seconds = '', fraction = ''] =
    /^(-?)(\d+):(\d\d):(\d\d)(?:\.(\d{1,6}))?$/.exec(printed) ?? [];
  if (hours === undefined) return undefined;
  const whole = (BigInt(hours) * 60n + BigInt(minutes)) * 60n + BigInt(seconds);
  const micros = whole * 1_000_000n + BigInt(fraction.padEnd(6, '0'));
  const scaled = (sign === '-' ? -micros : micros) * BigInt(perSecond);
  return scaled % 1_000_000n === 0n ? scaled / 1_000_000n : undefined;
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
