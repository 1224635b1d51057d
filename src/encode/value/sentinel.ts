import { CopierError } from '../../model/error.js';
import type { TablePlan } from '../../model/plan.js';
import { Misfit } from './misfit.js';

/**
 * Checks the text that represents NULL, and returns its bytes. In text format COPY cannot take every text: the
 * delimiter, a line break or, except in `\N`, a backslash would be read as something else.
 */
export function checkSentinel(sentinel: string, format: TablePlan['format']): Buffer {
  if (sentinel === '') throw unusable('is empty, so that it cannot be told from an empty text');
  if (format === 'text' && sentinel !== '\\N' && /[\t\n\r\\\0]/.test(sentinel)) {
    throw unusable('has a tab, a line break, a NUL or a backslash in it');
  }
  return Buffer.from(sentinel, 'utf8');
}

/** The Misfit of a value that COPY, or a reader of the text files, would take for NULL. */
export function sentinelMisfit(): Misfit {
  return new Misfit(
    'data.sentinel',
    'the value is the text that stands for NULL',
    'begin anew with --fresh and another NULL_SENTINEL that no value equals, or, in binary format, with --allow-sentinel',
  );
}

function unusable(reason: string): CopierError {
  return new CopierError('usage.sentinel', `the null sentinel ${reason}`, {
    hint: 'set NULL_SENTINEL to a word that no value equals, for example __PGFERRY_NULL__',
  });
}
