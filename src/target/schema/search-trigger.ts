/*
 * Triggers by PostgreSQL's own functions that fill a tsvector from other columns of the row. What they do is known, and
 * the source has nothing in its place, so they stay on while rows are copied and in rounds.
 */

/** Whether a row `t` of pg_trigger is one: before each inserted row. */
export const fillsSearchSql = `(t.tgtype & 7 = 7 AND t.tgenabled IN ('O', 'A') AND EXISTS (
  SELECT FROM pg_proc p WHERE p.oid = t.tgfoid AND p.pronamespace = 'pg_catalog'::regnamespace
     AND p.proname IN ('tsvector_update_trigger', 'tsvector_update_trigger_column')))`;

/** The column that such a trigger fills: the first of its arguments, which stand with a NUL after each. */
export const searchColumnSql = `split_part(encode(t.tgargs, 'escape'), '\\000', 1)`;
