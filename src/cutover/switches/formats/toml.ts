import { type AST, getStaticTOMLValue, parseTOML } from 'toml-eslint-parser';
import { EditProblem, type ValueRange, type TextFormat } from './format.js';

type Content = AST.TOMLContentNode;

/** TOML 1.0. */
export const tomlFormat: TextFormat = {
  parse: (text) => getStaticTOMLValue(treeOf(text)),
  locate: (text, path) => {
    const found = findIn(treeOf(text).body[0], path);
    if (found === null) return [];
    if (found.type === 'TOMLArray' || found.type === 'TOMLInlineTable') throw new EditProblem('is no plain value');
    const [start, end] = found.range;
    return [{ start, end, value: getStaticTOMLValue(found) } satisfies ValueRange];
  },
  render: (value, before) => {
    if (value === null) throw new EditProblem('cannot be null in TOML');
    if (typeof value !== 'string') return String(value);
    const isLiteral = before.startsWith("'") && !before.startsWith("'''") && !/['\p{Cc}]/u.test(value);
    return isLiteral ? `'${value}'` : JSON.stringify(value);
  },
};

function treeOf(text: string): AST.TOMLProgram {
  try {
    return parseTOML(text, { tomlVersion: '1.0' });
  } catch {
    throw new EditProblem('the file is not valid TOML');
  }
}

/** The value of a key below a table, an inline table or an array. */
function findIn(node: AST.TOMLTopLevelTable | AST.TOMLTable | Content, path: readonly string[]): Content | null {
  if (path.length === 0) return isContent(node) ? node : null;
  if (node.type === 'TOMLArray') {
    const element = node.elements[Number(path[0])];
    return element === undefined ? null : findIn(element, path.slice(1));
  }
  if (node.type !== 'TOMLTopLevelTable' && node.type !== 'TOMLTable' && node.type !== 'TOMLInlineTable') return null;
  for (const entry of node.body) {
    const names =
      entry.type === 'TOMLTable'
        ? entry.resolvedKey.map(String)
        : entry.key.keys.map((key) => (key.type === 'TOMLBare' ? key.name : key.value));
    if (!names.every((name, at) => name === path[at])) continue;
    const found = findIn(entry.type === 'TOMLTable' ? entry : entry.value, path.slice(names.length));
    if (found !== null) return found;
  }
  return null;
}

function isContent(node: AST.TOMLTopLevelTable | AST.TOMLTable | Content): node is Content {
  return node.type !== 'TOMLTopLevelTable' && node.type !== 'TOMLTable';
}
