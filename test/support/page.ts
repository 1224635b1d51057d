import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The checkout: tests run from dist/test in it. */
export const root = fileURLToPath(new URL('../../../', import.meta.url));

/** A file of the checkout. */
export function readPage(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

/** Every page for readers, by its path in the checkout. */
export function pagePaths(): string[] {
  const isPage = (name: string): boolean => name.endsWith('.md');
  return [
    ...readdirSync(root).filter(isPage),
    ...readdirSync(join(root, 'docs'))
      .filter(isPage)
      .map((name) => `docs/${name}`),
  ];
}

/** The code blocks of a language in a page of Markdown. */
export function codeBlocks(page: string, language: string): string[] {
  return [...page.matchAll(/^```(\w*)\n(.*?)^```$/gms)]
    .filter((match) => match[1] === language)
    .map((match) => match[2] ?? '');
}

/** The cells of every row of the tables whose titles begin with these. */
export function tableRows(page: string, ...titles: readonly string[]): string[][] {
  const rows: string[][] = [];
  let isIn = false;
  for (const line of page.split('\n')) {
    const cells = line.startsWith('|') ? readCells(line) : null;
    if (cells === null) isIn = false;
    else if (titles.every((title, i) => cells[i] === title)) isIn = true;
    else if (isIn && !/^-+$/.test(cells[0] ?? '')) rows.push(cells);
  }
  return rows;
}

function readCells(line: string): string[] {
  return line
    .split(/(?<!\\)\|/)
    .slice(1, -1)
    .map((cell) => cell.replaceAll('\\|', '|').trim());
}

/** The words of a cell that are set as code. */
export function codeOf(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '');
}
