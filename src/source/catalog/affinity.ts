import type { Affinity } from '../../model/source.js';
import { foldCase } from '../../lib/fold-case.js';

/**
 * The affinity of a declared type by the rules of https://www.sqlite.org/datatype3.html section 3.1, in their order:
 * the first rule that fits wins, so CHARINT is integer and FLOATING POINT is integer too. In a STRICT table `ANY` keeps
 * values as they come.
 */
export function affinityOf(declaredType: string, isStrict: boolean): Affinity {
  const type = foldCase(declaredType);
  if (type.includes('int')) return 'integer';
  if (type.includes('char') || type.includes('clob') || type.includes('text')) return 'text';
  if (type.includes('blob') || type === '') return 'blob';
  if (type.includes('real') || type.includes('floa') || type.includes('doub')) return 'real';
  return isStrict && type === 'any' ? 'blob' : 'numeric';
}
