import { type Document, isScalar, parseAllDocuments } from 'yaml';
import type { SwitchValue } from '../../../model/application/rules.js';
import { EditProblem, type TextFormat } from './format.js';

/** YAML 1.2 with one document. An alias is never replaced, since the value stands elsewhere. */
export const yamlFormat: TextFormat = {
  parse: (text) => documentOf(text).toJS(),
  locate: (text, path) => {
    const node = documentOf(text).getIn(path, true);
    if (node === undefined) return [];
    if (!isScalar(node) || node.range == null) throw new EditProblem('is no plain value');
    const [start, end] = node.range;
    return [{ start, end, value: node.value }];
  },
  render,
};

function documentOf(text: string): Document {
  const documents = parseAllDocuments(text);
  const [document] = documents;
  if (!Array.isArray(documents) || documents.length !== 1 || document === undefined)
    throw new EditProblem('the file does not hold one YAML document');
  if (document.errors.length > 0) throw new EditProblem('the file is not valid YAML');
  return document;
}

function render(value: SwitchValue, before: string): string {
  const space = before === '' ? ' ' : '';
  const ending = /[|>]/.test(before[0] ?? '') && before.endsWith('\n') ? '\n' : '';
  return `${space}${scalarOf(value, before)}${ending}`;
}

/** In the quotes of before, or without any where that reads as the same text. */
function scalarOf(value: SwitchValue, before: string): string {
  if (typeof value !== 'string') return String(value);
  if (before.startsWith("'") && !/[\r\n]/.test(value)) return `'${value.replaceAll("'", "''")}'`;
  if (before.startsWith('"')) return JSON.stringify(value);
  return isPlain(value) ? value : JSON.stringify(value);
}

/** Whether a text without quotes is itself, also between brackets and before a comment. */
function isPlain(value: string): boolean {
  if (!/^[\w./][\w./:@%+=?&~-]*$/.test(value) || value.endsWith(':')) return false;
  const [document] = parseAllDocuments(`a: ${value}`);
  return document !== undefined && 'get' in document && document.get('a') === value;
}
