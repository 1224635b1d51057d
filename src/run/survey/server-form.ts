import { encoderOf } from '../../encode/column/encoder-of-kind.js';
import { Block } from '../../encode/row/block.js';
import { textFieldOf } from '../../encode/row/text-field.js';
import { Misfit } from '../../encode/value/misfit.js';
import type { Kind } from '../../model/kind.js';
import type { ColumnPlan } from '../../model/plan.js';
import type { Form } from '../../source/catalog/violations.js';
import { normalizeDecimal } from '../../verify/decimal.js';

const scratchBytes = 4096;

/** A value of a column as the text from which the server reads it; null for NULL, and for what will not arrive. */
export function serverTextOf({ kind }: Pick<ColumnPlan, 'kind'>): Form {
  const encoder = encoderOf(kind);
  const asText = textFieldOf(kind);
  const scratch = new Block(scratchBytes);
  const out = new Block(scratchBytes);
  return (value) => {
    scratch.clear();
    out.clear();
    try {
      if (typeof value === 'bigint') {
        if (Number.isSafeInteger(Number(value))) encoder.integer(scratch, Number(value));
        else encoder.wide(scratch, value);
      } else if (typeof value === 'number') encoder.real(scratch, value);
      else if (typeof value === 'string') {
        const bytes = Buffer.from(value, 'utf8');
        encoder.text(scratch, bytes, 0, bytes.length);
      } else if (value !== null) encoder.blob(scratch, value, 0, value.length);
      else return null;
    } catch (error) {
      // It will not arrive, which another finding says.
      if (error instanceof Misfit) return null;
      throw error;
    }
    asText(out, scratch, 0, scratch.length);
    return out.bytes.toString('utf8', 0, out.length).replace(/\\([\\tnr])/g, unescaped);
  };
}

/** The field is escaped for COPY. */
function unescaped(_: string, letter: string): string {
  return { t: '\t', n: '\n', r: '\r' }[letter] ?? letter;
}

/** What of a value the target's = looks at, as text that is equal where the target's values are. */
export function equalFormOf({ kind, targetType }: ColumnPlan): Form {
  const textOf = serverTextOf({ kind });
  return (value) => {
    const text = textOf(value);
    return text === null ? null : equalForm(text, kind, targetType);
  };
}

function equalForm(text: string, { tag }: Kind, targetType: string): string {
  switch (tag) {
    case 'int2':
    case 'int4':
    case 'int8':
    case 'float4':
    case 'float8':
    case 'numeric':
      return normalizeDecimal(text) ?? text;
    case 'char':
      return text.replace(/ +$/, '');
    case 'text':
      return isCitext(targetType) ? text.toLowerCase() : text;
    default:
      return text;
  }
}

/** The type may be named with the schema of its extension. */
export function isCitext(type: string): boolean {
  return /^(.*\.)?"?citext"?$/.test(type);
}
