import { configSchema, type JsonSchema } from '../src/cli/config-schema.js';
import { commandRows, defaultOf } from '../src/cli/help.js';
import { headings, type OptionRow } from '../src/cli/options/option.js';
import { optionRows } from '../src/cli/options/table.js';
import { configKeys } from '../src/cli/settings.js';
import { codeText, markdownTable } from './markdown.js';

const commandNames = commandRows.map(({ name }) => name);

/** Every command with what it does. */
export function renderCommands(): string {
  const rows = commandRows.map(({ name, argument, summary, examples }) => [
    codeText(argument === undefined ? `pgferry ${name}` : `pgferry ${name} <${argument.name}>`),
    summary,
    codeText(examples[0] ?? ''),
  ]);
  return markdownTable(['command', 'what it does', 'for example'], rows);
}

const optionHead = ['flag', 'environment', 'config key', 'default', 'meaning', 'commands'];

/** Every flag under its heading, with its variables, config key, default, meaning and commands. */
export function renderOptions(): string {
  return Object.entries(headings)
    .map(([name, heading]) => {
      const rows = optionRows.filter((row) => row.heading === name).map(optionCells);
      return `### ${heading.replace(/:$/, '')}\n\n${markdownTable(optionHead, rows)}`;
    })
    .join('\n\n');
}

function optionCells(row: OptionRow): string[] {
  const standard = defaultOf(row);
  const isPlain = /^(an|one|as) /.test(row.standardText ?? '');
  const value = standard === null ? 'none' : isPlain ? standard : codeText(standard);
  const commands = commandNames.filter((name) => row.commands.includes(name));
  return [
    codeText(`--${row.flag}${row.value === null ? '' : ` <${row.value}>`}`),
    row.env.length === 0 ? '–' : row.env.map(codeText).join(', '),
    configKeys.includes(row.setting) ? codeText(row.setting) : '–',
    row.value === null ? 'off' : value,
    row.help,
    nameCommands(commands),
  ];
}

/** The shorter way to say which commands take an option. */
function nameCommands(commands: readonly string[]): string {
  const others = commandNames.filter((name) => !commands.includes(name));
  if (others.length === 0) return 'all';
  return others.length <= 3 ? `all but ${others.join(' ')}` : commands.join(' ');
}

/** The keys of the config file that no flag has room for, as its schema describes them. */
export function renderRules(): string {
  const ofOptions = new Set<string>(optionRows.map(({ setting }) => setting));
  const rules = Object.entries(partsOf(configSchema(), 'properties')).filter(
    ([key]) => !key.startsWith('$') && !ofOptions.has(key),
  );
  const rows = rules.flatMap(([key, schema]) => ruleRows(key, schema));
  return markdownTable(['config key', 'meaning', 'values'], rows);
}

/** A line for a key and for each key under it; `<table>` and `<column>` stand for names of the source. */
function ruleRows(path: string, schema: JsonSchema): string[][] {
  const { description, additionalProperties, items } = schema;
  const isPolicies = path.endsWith('policies');
  const meaning = description ?? (isPolicies ? 'the same for this alone' : undefined);
  const own = typeof meaning === 'string' ? [[codeText(path), meaning, valuesOf(schema)]] : [];
  // The hazards under it have a page of their own.
  if (isPolicies) return own;
  const named = Object.entries(partsOf(schema, 'properties')).flatMap(([key, one]) => ruleRows(`${path}.${key}`, one));
  const name = path.endsWith('columns') ? '<column>' : '<table>';
  const each = isSchema(additionalProperties) ? ruleRows(`${path}.${name}`, additionalProperties) : [];
  return [...own, ...named, ...each, ...(isSchema(items) ? ruleRows(`${path}[]`, items) : [])];
}

function valuesOf({ enum: words, type }: JsonSchema): string {
  if (Array.isArray(words))
    return words
      .filter((word) => word !== null)
      .map((word) => codeText(String(word)))
      .join(', ');
  return typeof type === 'string' ? ({ string: 'text', array: 'list', integer: 'number' }[type] ?? type) : '';
}

function partsOf(schema: JsonSchema, key: string): Readonly<Record<string, JsonSchema>> {
  const value = schema[key];
  return isSchema(value) ? (value as Readonly<Record<string, JsonSchema>>) : {};
}

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null;
}
