import { readFileSync, writeFileSync } from 'node:fs';
import { renderCommands, renderOptions, renderRules } from './reference.js';
import { renderCodes } from './troubleshooting.js';

/*
 * `node dist/tools/docs.js`, which is `make docs`, writes the generated parts of the pages anew. In a page such a part
 * stands between two comments, `<!-- name -->` and `<!-- /name -->`; nothing else of the page is touched.
 */

/** A part of a page that is made from the code. */
export interface GeneratedPart {
  readonly path: string;
  readonly name: string;
  readonly render: () => string;
}

export const generatedParts: readonly GeneratedPart[] = [
  { path: 'docs/reference.md', name: 'commands', render: renderCommands },
  { path: 'docs/reference.md', name: 'options', render: renderOptions },
  { path: 'docs/reference.md', name: 'rules', render: renderRules },
  { path: 'docs/troubleshooting.md', name: 'codes', render: renderCodes },
];

/** The page with this part of it made anew. Throws where the page has no place for it. */
export function replacePart(page: string, { path, name, render }: GeneratedPart): string {
  const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${path} has no ${begin} with its ${end}`);
  return `${page.slice(0, from)}${begin}\n${render()}\n${page.slice(to)}`;
}

if (process.argv[1] === import.meta.filename) {
  for (const part of generatedParts) writeFileSync(part.path, replacePart(readFileSync(part.path, 'utf8'), part));
}
