import type { LiteralForm } from '../../model/kind.js';
import { arrayInverse } from './array-inverse.js';
import type { Inverse } from './form.js';
import { intervalInverse } from './interval-inverse.js';
import { textInverse } from './text-inverses.js';

/**
 * Any other type: the text that PostgreSQL prints, which its input function takes again; but for an array, and for an
 * interval.
 */
export function literalInverse(form: LiteralForm | undefined): Inverse {
  if (form?.tag === 'array') return arrayInverse(form);
  return form?.tag === 'interval' ? intervalInverse(form.unit) : { ...textInverse(), wider: () => null };
}
