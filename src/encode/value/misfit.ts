import type { ErrorCode } from '../../model/error.js';

/**
 * Thrown by a column encoder for a value that its kind cannot carry exactly. The encoder knows neither table nor key:
 * the row encoder catches the Misfit at once and turns it into a CopierError that names them.
 */
export class Misfit extends Error {
  readonly code: ErrorCode;
  readonly hint: string;

  constructor(code: ErrorCode, reason: string, hint: string) {
    // Where rules change values it is thrown for each of them, and finding the callers costs more than all the rest.
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(reason);
    Error.stackTraceLimit = stackTraceLimit;
    this.name = 'Misfit';
    this.code = code;
    this.hint = hint;
  }
}

/** Throws a Misfit. `reason` is lower case and says what the value is not, or why it does not fit. */
export function refuse(code: ErrorCode, reason: string, hint: string): never {
  throw new Misfit(code, reason, hint);
}

/** Throws the Misfit of a BLOB in a column that takes none. */
export function refuseBlob(what: string): never {
  refuse(
    'data.blob',
    `a blob, which is no ${what}`,
    'correct the value in the source, or make the target column bytea',
  );
}
