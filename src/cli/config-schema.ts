import { unitNames } from '../lib/time/epochs.js';
import { hazards } from '../plan/findings/hazards.js';
import { applicationSchemas } from './application-schema.js';
import { optionRows } from './options/table.js';

/** JSON Schema, draft 7, as plain data. */
export interface JsonSchema {
  readonly [keyword: string]: unknown;
}

/**
 * The published schema of the config file, which checks the file given with --config and guides editors. null means the
 * same as leaving a key out. Texts are accepted wherever flags and variables accept them.
 */
export function configSchema(): JsonSchema {
  const options = optionRows.filter(({ isFlagOnly }) => isFlagOnly !== true);
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'config file of pgferry',
    type: 'object',
    additionalProperties: false,
    properties: {
      $schema: { type: 'string' },
      ...Object.fromEntries(
        options.map(({ setting, help, syntax }) => [setting, { description: help, ...syntax.schema }]),
      ),
      ...ruleSchemas(),
    },
  };
}

/** What `readSqliteLiteral` reads. */
const literalPattern =
  "^([+-]?\\d+|[+-]?(\\d+\\.\\d*|\\.\\d+|\\d+(?=[eE]))([eE][+-]?\\d+)?|'([^']|'')*'|[xX]'([0-9a-fA-F]{2})*')$";

/** What has no flag: objects by table and column. */
function ruleSchemas(): Readonly<Record<string, JsonSchema>> {
  const policies = policiesSchema();
  const name = { type: 'string', minLength: 1 };
  const habits = {
    type: { description: 'PostgreSQL type of the column, where pgferry makes the schema', ...name },
    unit: {
      description: `unit of the numbers of a temporal column: ${unitNames.join(', ')}, or calendar digits such as YYYYMMDD`,
      type: 'string',
      pattern: `^(${unitNames.join('|')}|(?=.*YY)(YYYY|YY|MM|DD|HH|MI|SS)+)$`,
    },
    pattern: {
      description:
        'how texts of a column of dates or times are written where their form alone is ambiguous: DD.MM.YYYY, MM/DD/YYYY HH12:MI AM',
      ...name,
    },
    zone: { description: 'time zone of texts without one: an IANA name or an offset', ...name },
    uuidBytes: {
      description:
        "byte order of uuids in blobs: rfc as they are written, dotnet as .NET's Guid.ToByteArray() gives them",
      enum: ['rfc', 'dotnet'],
    },
    targetZone: {
      description: 'time zone whose clocks a timestamp without time zone shows on the target',
      ...name,
    },
    policies,
  };
  const column = closed({
    target: { description: 'name of the target column', ...name },
    rollbackLike: {
      description:
        "a cell in the form in which a rollback writes values of this column, as a literal of SQLite: 1700000000000, 0.5, '2024-01-31 12:00:00', x'00ff'; else it is the form of most cells",
      type: 'string',
      pattern: literalPattern,
    },
    ...habits,
  });
  const table = closed({
    target: { description: 'name of the target table', ...name },
    seeded: seededSchema(),
    policies,
    columns: { description: 'by source column', type: 'object', additionalProperties: column },
  });
  return {
    policies: { ...policies, description: 'what happens to values and rows that cannot arrive as they are' },
    tableRules: { description: 'rules by source table', type: 'object', additionalProperties: table },
    columns: {
      description:
        "rules by pattern of a column's name, in which * is any run of characters; what tableRules say goes first",
      type: 'object',
      additionalProperties: closed(habits),
    },
    declared: {
      description:
        'rules by declared type, in which * is any run of characters, and which fits every length where it has none; a text alone is the type; what columns says goes first',
      type: 'object',
      additionalProperties: {
        allOf: [
          { if: { type: 'object' }, else: name },
          { if: { not: { type: 'object' } }, else: closed(habits) },
        ],
      },
    },
    search: {
      description:
        'full-text tables of the source that become tsvector columns, with the text search configuration of each',
      type: 'object',
      additionalProperties: name,
    },
    virtualTables: {
      description:
        'virtual tables whose rows stand nowhere else and that are carried, by pattern of their names: as a plain table, or an R-Tree as one with a box or ranges',
      type: 'object',
      additionalProperties: { enum: ['table', 'box', 'range'] },
    },
    ...applicationSchemas(),
    shadowReads: { description: 'reads that shadow runs besides its own', type: 'array', items: ownReadSchema() },
  };
}

function seededSchema(): JsonSchema {
  const isObject = { type: 'object' };
  const match = { type: 'array', minItems: 1, items: { type: 'string', minLength: 1 } };
  return {
    description:
      'what becomes of rows that the application itself makes on the target: they give way, they stay, those stay whose keys the source does not have, or they stay and what refers to them follows their keys, matched by these columns',
    allOf: [
      { if: isObject, else: { enum: ['replace', 'keep', 'merge'] } },
      { if: { not: isObject }, else: { ...closed({ match }), required: ['match'] } },
    ],
  };
}

/**
 * The schema of a read that the operator wrote. Its type is checked first, so that an error is about the one form that
 * was meant.
 */
function ownReadSchema(): JsonSchema {
  const text = { type: 'string', minLength: 1 };
  const isObject = { type: 'object' };
  const both = { ...closed({ source: text, target: text }), required: ['source', 'target'] };
  const sampled = { ...closed({ table: text, column: text }), required: ['table', 'column'] };
  return {
    ...closed({
      name: { description: 'what the report calls it', ...text },
      sql: {
        description: 'one SELECT for both sides, or an object of source and target; $1 stands for the first parameter',
        allOf: [
          { if: isObject, else: text },
          { if: { not: isObject }, else: both },
        ],
      },
      params: {
        description: 'values, or objects of table and column, whose value is sampled from the source',
        type: 'array',
        items: {
          allOf: [
            { if: isObject, else: { type: ['string', 'number', 'boolean', 'null'] } },
            { if: { not: isObject }, else: sampled },
          ],
        },
      },
    }),
    required: ['name', 'sql'],
  };
}

function policiesSchema(): JsonSchema {
  const all = Object.entries(hazards).map(([name, { meaning, rules }]) => [
    name,
    { description: meaning, ...policySchema(rules) },
  ]);
  return closed({
    ...Object.fromEntries(all),
    '*': { description: 'every hazard that is not named', ...policySchema([]) },
  });
}

/** The type is checked first, so that an error is about the one form that was meant. */
function policySchema(rules: readonly string[]): JsonSchema {
  const words = { enum: ['fail', 'quarantine'] };
  if (rules.length === 0) return words;
  const convert = {
    type: 'object',
    required: ['convert'],
    additionalProperties: false,
    properties: { convert: { enum: rules } },
    ...(rules.includes('default') ? withDefault(rules) : {}),
  };
  const isObject = { type: 'object' };
  return {
    allOf: [
      { if: isObject, else: words },
      { if: { not: isObject }, else: convert },
    ],
  };
}

/** The rule `default` may name the value; the others may not. */
function withDefault(rules: readonly string[]): JsonSchema {
  return {
    properties: { convert: { enum: rules }, value: { type: ['string', 'number', 'boolean'] } },
    if: { required: ['value'] },
    // biome-ignore lint/suspicious/noThenProperty: it is a word of JSON Schema
    then: { properties: { convert: { enum: ['default'] } } },
  };
}

function closed(properties: Readonly<Record<string, unknown>>): JsonSchema {
  return { type: 'object', additionalProperties: false, properties };
}
