import { CopierError } from '../../model/error.js';

/** What SQLite says while a table is read for the verifier, as `source.verify_read_failed`; any other error as it is. */
export function readFailure(table: string, error: unknown): unknown {
  if (!(error instanceof Error) || !('code' in error) || error instanceof CopierError) return error;
  return readRefusal(table, error.message, { cause: error, foreignCode: String(error.code) });
}

/** The error of a table that cannot be read whole. */
export function readRefusal(
  table: string,
  reason: string,
  more: { readonly cause?: Error; readonly foreignCode?: string } = {},
): CopierError {
  return new CopierError('source.verify_read_failed', `could not read table ${table}: ${reason}`, {
    hint: 'check the file with `PRAGMA integrity_check`, and that it still has the tables and columns of the plan',
    table,
    ...more,
  });
}
