import type { Provider, TextEdit } from '../model/cutover.js';

/*
 * Finds and edits one name in the bytes of an env file: dotenv files, shell files and systemd's EnvironmentFile= are
 * all read alike. Works on latin1 text, one character per byte, so that everything else comes out unchanged.
 */

const providerName = 'VPS_DB_PROVIDER';

/** One assignment: leading blanks, `export`, name, `=`, then a quoted value, which may go over lines, or the rest up to a comment. */
const assignment =
  /^([ \t]*(?:export[ \t]+)?([A-Za-z_][\w.-]*)[ \t]*=[ \t]*)(?:"((?:\\.|[^"\\])*)"|'([^']*)'|`([^`]*)`|([^\r\n]*))/gm;

/** One assignment: its value as it is written, without its quotes; `start` and `end` are around the quotes. */
export interface Assignment {
  readonly name: string;
  readonly value: string;
  readonly at: number;
  readonly start: number;
  readonly end: number;
}

/** Every assignment of the file, in order. */
export function findAssignments(text: string): Assignment[] {
  const withoutMark = text.startsWith('\u00ef\u00bb\u00bf') ? 3 : 0;
  return [...text.slice(withoutMark).matchAll(assignment)].map((match) => {
    const [whole, head = '', name = '', double, single, back, bare = ''] = match;
    const quoted = double ?? single ?? back;
    const start = withoutMark + match.index + head.length;
    if (quoted !== undefined)
      return { name, at: start + 1, value: quoted, start, end: withoutMark + match.index + whole.length };
    const value = bare.replace(/(^|[ \t]+)#.*$/, '').trimEnd();
    return { name, at: start, value, start, end: start + value.length };
  });
}

/** Every assignment of the provider, in order. */
function findProviders(text: string): Assignment[] {
  return findAssignments(text).filter(({ name }) => name === providerName);
}

/** What the file says the provider is: the last assignment counts, as in every reader. null where it says nothing. */
export function readProvider(text: string): string | null {
  return findProviders(text).at(-1)?.value ?? null;
}

/**
 * The edits that make the file say `provider`. Each assignment is changed where it is, and keeps its quotes, comment
 * and line ending; without one, a line is added at the end. No edits where the file says so already.
 */
export function providerEdits(text: string, provider: Provider): TextEdit[] {
  const found = findProviders(text);
  if (found.length > 0) {
    return found
      .filter(({ value }) => value !== provider)
      .map(({ at, value }) => ({ at, before: value, after: provider }));
  }
  const ending = /\r?\n/.exec(text)?.[0] ?? '\n';
  const isOpen = text !== '' && !text.endsWith('\n');
  return [{ at: text.length, before: '', after: `${isOpen ? ending : ''}${providerName}=${provider}${ending}` }];
}

/** The text after the edits. */
export function applyEdits(text: string, edits: readonly TextEdit[]): string {
  return [...edits].reverse().reduce((changed, { at, before, after }) => {
    return changed.slice(0, at) + after + changed.slice(at + before.length);
  }, text);
}

/** The text before the edits, out of the one after them. */
export function undoEdits(text: string, edits: readonly TextEdit[]): string {
  let shift = 0;
  const reversed = edits.map(({ at, before, after }): TextEdit => {
    const edit = { at: at + shift, before: after, after: before };
    shift += after.length - before.length;
    return edit;
  });
  return applyEdits(text, reversed);
}
