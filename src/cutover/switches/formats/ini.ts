import { EditProblem, type ValueRange, type TextFormat } from './format.js';

/*
 * INI as most programs read it: `[section]`, `key = value` or `key: value`, comments in lines of their own after `;` or
 * `#`, or behind a value after a blank. There is no standard, so what programs read in different ways is refused.
 */

interface Entry extends ValueRange {
  readonly path: readonly string[];
  readonly value: string;
}

export const iniFormat: TextFormat = {
  parse: (text) => {
    const root: Record<string, unknown> = {};
    for (const { path, value } of entriesOf(text)) {
      const [first = '', second] = path;
      if (second === undefined) root[first] = value;
      else root[first] = { ...(root[first] as object | undefined), [second]: value };
    }
    return root;
  },
  locate: (text, path) => entriesOf(text).filter((entry) => entry.path.join('\0') === path.join('\0')),
  written: (value) => (value === null ? '' : String(value)),
  render: (value, before) => {
    const text = value === null ? '' : String(value);
    if (/[\r\n]/.test(text)) throw new EditProblem('cannot hold a line end in INI');
    const quote = /^(["']).*\1$/.exec(before)?.[1] ?? (/[;#]|^\s|\s$/.test(text) ? '"' : '');
    if (quote !== '' && text.includes(quote)) throw new EditProblem(`cannot hold ${quote} within ${quote}`);
    return `${quote}${text}${quote}`;
  },
};

function entriesOf(text: string): Entry[] {
  const entries: Entry[] = [];
  let section: string | null = null;
  let offset = 0;
  for (const line of text.split('\n')) {
    const start = offset;
    offset += line.length + 1;
    const header = /^\s*\[([^\]]*)\]/.exec(line);
    if (header !== null) section = header[1]?.trim() ?? '';
    const found = /^(\s*(?![;#[])([^=:\s][^=:]*?)\s*[=:][ \t]*)(.*?)\r?$/.exec(line);
    if (found === null || header !== null) {
      const isContinued = /^[ \t]+[^\s;#]/.test(line) && entries.length > 0 && header === null;
      if (isContinued) throw new EditProblem('the file has values that go over several lines');
      continue;
    }
    const [, head = '', name = '', rest = ''] = found;
    const written = rest.replace(/(^|\s+)[;#]\s.*$/, '').trimEnd();
    const value = /^(["'])(.*)\1$/.exec(written)?.[2] ?? written;
    const path = section === null ? [name] : [section, name];
    entries.push({ path, start: start + head.length, end: start + head.length + written.length, value });
  }
  return entries;
}
