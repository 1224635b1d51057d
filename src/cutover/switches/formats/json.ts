import { findNodeAtLocation, getNodeValue, type Node, type ParseError, parseTree } from 'jsonc-parser';
import { EditProblem, type TextFormat } from './format.js';

/** JSON, with the comments and trailing commas that many programs allow. */
export const jsonFormat: TextFormat = {
  parse: (text) => getNodeValue(treeOf(text)),
  locate: (text, path) => {
    const tree = treeOf(text);
    const node = findNodeAtLocation(tree, stepsOf(tree, path));
    if (node === undefined) return [];
    return [{ start: node.offset, end: node.offset + node.length, value: getNodeValue(node) }];
  },
  render: (value) => JSON.stringify(value),
};

function treeOf(text: string): Node {
  const errors: ParseError[] = [];
  const body = text.replace(/^\uFEFF/, ' ');
  const tree = parseTree(body, errors, { allowTrailingComma: true, disallowComments: false });
  if (tree === undefined || errors.length > 0) throw new EditProblem('the file is not valid JSON');
  return tree;
}

/** An element of an array is named by its number. */
function stepsOf(tree: Node, path: readonly string[]): (string | number)[] {
  const steps: (string | number)[] = [];
  for (const part of path) {
    const isArray = findNodeAtLocation(tree, steps)?.type === 'array';
    steps.push(isArray ? Number(part) : part);
  }
  return steps;
}
