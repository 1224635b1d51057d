import type { ErrorCode } from '../../model/error.js';

/**
 * A value that its kind cannot carry exactly, thrown by a column encoder, which knows neither table nor key.
 * The row encoder catches it at once and makes it a CopierError that names them.
 */
export class Misfit extends Error {
  readonly code: ErrorCode;
  readonly hint: string;

  constructor(code: ErrorCode, reason: string, hint: string) {
    super(reason);
    this.name = 'Misfit';
    this.code = code;
    this.hint = hint;
  }
}

/** Throws a Misfit. `reason` is lower case and says what the value is not, or why it does not fit. */
export function refuse(code: ErrorCode, reason: string, hint: string): never {
  throw new Misfit(code, reason, hint);
}

/** Throws the misfit of a BLOB that stands in a column of another kind. */
export function refuseBlob(what: string): never {
  refuse('data.blob', `a blob is no ${what}`, 'correct the value in the source, or make the target column bytea');
}
