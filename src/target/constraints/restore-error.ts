import { CopierError } from '../../model/error.js';
import { isRefusal } from '../connection/errors.js';
import type { DetachableObject, ObjectKind } from './detachable-object.js';

/** Objects that are made from rows alone, and that an operator can give up by name. */
const ofRows: readonly ObjectKind[] = ['primary_key', 'unique', 'exclusion', 'index'];

/**
 * The error of a step. Where rows violate a unique index or a foreign key, it names one of their keys; where one is too
 * long for an index (SQLSTATE program_limit_exceeded), or anything else of an index fails, what else can be done.
 */
export function explainRestore(error: unknown, { kind, table, name }: DetachableObject): unknown {
  if (!(error instanceof CopierError)) return error;
  const waive = `--waive '${kind.replace('_', '-')}:${name}'`;
  const key = error.key ?? 'a key that postgres does not show';
  const location = {
    table,
    column: error.key?.split('=')[0] ?? null,
    key: error.key,
    cause: error,
    foreignCode: error.foreignCode,
  };
  if (error.foreignCode === '23P01') {
    return new CopierError('data.excluded', `${table}: rows conflict under the EXCLUDE constraint ${name}: ${key}`, {
      ...location,
      hint: `correct them in the source; or do without it: ${waive}`,
    });
  }
  if (error.foreignCode === '23505') {
    return new CopierError('data.duplicate_key', `${table}: more than one row with ${key} for unique ${name}`, {
      ...location,
      hint: `the rows are equal for postgres: correct them in the source; or do without it: ${waive}`,
    });
  }
  if (error.foreignCode === '54000') {
    const hint = `shorten the values that ${name} is over in the source, or do without it: ${waive}; or run with --keep-constraints, so that the row is refused by itself`;
    return new CopierError(error.code, error.message, { ...location, hint });
  }
  if (error.foreignCode !== '23503') return isRefusal(error) ? refused(error, { kind, table, name }, waive) : error;
  if (error.key === null)
    return new CopierError('data.orphan', `${table}: a row does not fit the foreign key ${name}: ${error.message}`, {
      ...location,
      hint: 'add the parent row, remove the child, or make all columns of a MATCH FULL key NULL in the source',
    });
  return new CopierError('data.orphan', `${table}: ${key} of foreign key ${name} has no parent row`, {
    ...location,
    hint: 'add the parent row or remove the child in the source',
  });
}

/** What the server, or a function that the index calls, said of some row. PostgreSQL does not tell which. */
function refused(
  error: CopierError,
  { kind, table, name }: Pick<DetachableObject, 'kind' | 'table' | 'name'>,
  waive: string,
): CopierError {
  if (!ofRows.includes(kind)) return error;
  const hint = `correct the value that ${name} does not take in the source, or ${name} on the target, and run again; or do without it: ${waive}`;
  return new CopierError(error.code, error.message, { hint, table, cause: error, foreignCode: error.foreignCode });
}
