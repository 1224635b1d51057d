import type { CodeText } from './code-text.js';
import { shadowCodes, verifyCodes } from './comparison.js';
import { cutoverCodes, rollbackCodes, stuckCodes } from './cutover.js';
import { dataCodes } from './data.js';
import { planCodes } from './plan.js';
import { bugCodes, interruptedCodes, threadCodes } from './program.js';
import { sourceCodes } from './source.js';
import { targetCodes } from './target.js';
import { usageCodes } from './usage.js';

/**
 * The one list of all codes that an error or a finding can have, with what each means and what to do about it. The
 * type `Code` is made of it, so that a code which is not listed does not compile; docs/troubleshooting.md is generated
 * from it (`make docs`).
 */
export const codes = {
  ...usageCodes,
  ...planCodes,
  ...sourceCodes,
  ...targetCodes,
  ...dataCodes,
  ...verifyCodes,
  ...shadowCodes,
  ...cutoverCodes,
  ...rollbackCodes,
  ...stuckCodes,
  ...threadCodes,
  ...interruptedCodes,
  ...bugCodes,
} as const satisfies Readonly<Record<string, CodeText>>;

/** The code of an error or a finding: its class, a dot, its case. */
export type Code = keyof typeof codes;
