/** What an operator can name in a policy: why a value or a row cannot arrive as it is, and which rules may change it. */
export interface Hazard {
  readonly meaning: string;
  /** Names for `{"convert": …}`; empty where nothing but failing and quarantine makes sense. */
  readonly rules: readonly string[];
}

const toNull = ['default', 'null'] as const;

const hazardTable = {
  nul_byte: { meaning: 'a NUL byte in a text', rules: ['strip', 'escape', 'default', 'null'] },
  invalid_utf8: { meaning: 'bytes in a text that are not UTF-8', rules: ['default', 'null'] },
  not_json: { meaning: 'a text that is not JSON, for json or jsonb', rules: ['default', 'null'] },
  json_nul: {
    meaning: '\\u0000 in JSON: jsonb refuses it, json fails when it is read',
    rules: ['strip', 'default', 'null'],
  },
  too_long: { meaning: 'more characters than varchar(n) or char(n) holds', rules: ['truncate', 'default', 'null'] },
  out_of_range: { meaning: 'a number or date beyond what the target type holds', rules: toNull },
  numeric_overflow: { meaning: 'more digits before the point than numeric(p,s) holds', rules: toNull },
  inexact: {
    meaning: 'a number whose digits the target type would cut',
    rules: ['round', 'round-half-even', 'truncate', 'default', 'null'],
  },
  precision_loss: {
    meaning: 'fractions of a second that the target type would cut',
    rules: ['round', 'truncate', 'default', 'null'],
  },
  not_a_bool: { meaning: 'a value that is neither true nor false', rules: ['nonzero', 'default', 'null'] },
  not_an_integer: { meaning: 'a text or a broken number, for an integer', rules: toNull },
  not_a_number: { meaning: 'a text that is no number', rules: toNull },
  not_a_date: { meaning: 'a value that is no date', rules: toNull },
  not_a_time: { meaning: 'a value that is no time of day', rules: toNull },
  not_a_timestamp: { meaning: 'a value that is no date and time', rules: toNull },
  no_such_time: {
    meaning: 'a local time that the clocks of its zone skip',
    rules: ['earlier', 'later', 'default', 'null'],
  },
  ambiguous_time: {
    meaning: 'a local time that the clocks of its zone show twice',
    rules: ['earlier', 'later', 'default', 'null'],
  },
  no_unit: { meaning: 'a number in a column of intervals without a unit', rules: toNull },
  not_an_interval: { meaning: 'a text that is no interval', rules: toNull },
  not_an_array: {
    meaning: 'a value that is no array, or a JSON array that PostgreSQL cannot keep as one',
    rules: ['split', 'default', 'null'],
  },
  not_a_uuid: { meaning: 'a value that is no uuid', rules: toNull },
  enum_label: { meaning: 'a text that is no label of the enum', rules: toNull },
  blob: { meaning: 'a blob in a column of another kind', rules: toNull },
  blob_in_text: { meaning: 'a blob in a text column', rules: ['utf8', 'hex', 'base64', 'default', 'null'] },
  text_in_blob: { meaning: 'a text in a bytea column', rules: ['utf8', 'hex', 'base64', 'default', 'null'] },
  number_in_blob: { meaning: 'a number in a bytea column', rules: toNull },
  sentinel: { meaning: 'a text equal to --null-sentinel', rules: [] },
  too_large: { meaning: 'a value over the 1 GB of PostgreSQL', rules: toNull },
  null_in_not_null: { meaning: 'NULL for a NOT NULL column', rules: ['default'] },
  orphan: {
    meaning: 'a row that refers to a row which is not there',
    rules: ['leave-not-valid', 'set-null'],
  },
  duplicate_key: { meaning: 'a row equal to another under a unique key of the target', rules: [] },
  check_violation: { meaning: 'a row that a CHECK or a domain of the target refuses', rules: [] },
  rejected: { meaning: 'anything else that only PostgreSQL itself refuses', rules: toNull },
} as const satisfies Readonly<Record<string, Hazard>>;

/** The hazards with the rules of each, for the types of the library. */
export type HazardRules = { readonly [H in keyof typeof hazardTable]: (typeof hazardTable)[H]['rules'][number] };

/**
 * Every hazard by the name that policies give it. It is the code of the error (`data.nul_byte`) without its first part.
 */
export const hazards: Readonly<Record<string, Hazard>> = hazardTable;
