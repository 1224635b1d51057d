/**
 * The rules, after their hazards, that are a plain function of the value which the verifier works out by itself: a row
 * that such a rule changed is proven without being kept. In the order in which the verifier applies them: bytes to text
 * and back first, what cuts last.
 */
export const recomputedRules = [
  'text_in_blob utf8',
  'text_in_blob hex',
  'text_in_blob base64',
  'blob_in_text utf8',
  'blob_in_text hex',
  'blob_in_text base64',
  'nul_byte strip',
  'nul_byte escape',
  'json_nul strip',
  'too_long truncate',
  'inexact round',
  'inexact round-half-even',
  'inexact truncate',
  'precision_loss round',
  'precision_loss truncate',
  'not_a_bool nonzero',
] as const;

export type RecomputedRule = (typeof recomputedRules)[number];

const recomputed: ReadonlySet<string> = new Set(recomputedRules);

/** Whether the verifier works out what the rule made of a value; where it does not, the row must be kept whole. */
export function isRecomputed({ hazard, rule }: { readonly hazard: string; readonly rule: string }): boolean {
  return recomputed.has(`${hazard} ${rule}`);
}
