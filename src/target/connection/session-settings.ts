import { isSameName } from '../../lib/fold-case.js';

/**
 * The session settings on which every statement of pgferry relies. They beat what the role, the database or the
 * operator's url set, and are read back. Names are as pg_settings writes them.
 */
export const sessionSettings: Readonly<Record<string, string>> = {
  TimeZone: 'UTC',
  client_encoding: 'UTF8',
  DateStyle: 'ISO, MDY',
  IntervalStyle: 'postgres',
  extra_float_digits: '1',
  bytea_output: 'hex',
  standard_conforming_strings: 'on',
  // Where it is off, the NULL of an array is the text "NULL".
  array_nulls: 'on',
  xmloption: 'content',
  // Where it is on, x = NULL in the SQL of a schema is made x IS NULL.
  transform_null_equals: 'off',
  statement_timeout: '0',
  lock_timeout: '0',
  transaction_timeout: '0',
  idle_in_transaction_session_timeout: '0',
  idle_session_timeout: '0',
  search_path: 'pg_catalog',
  client_min_messages: 'warning',
  default_transaction_isolation: 'read committed',
  // A policy must be an error, never a silent filter: rows that we cannot see would count as lost.
  row_security: 'off',
  jit: 'off',
};

/** Whether the operator must not choose the setting, because the copy is only correct with ours. */
export function isOurSetting(name: string): boolean {
  return Object.keys(sessionSettings).some((ours) => isSameName(ours, name));
}
