import { findAssignments } from '../../env-text.js';
import { EditProblem, type TextFormat } from './format.js';

/** dotenv files, shell files and systemd's EnvironmentFile=: one name, one value, which may be assigned more than once. */
export const envFormat: TextFormat = {
  parse: (text) => Object.fromEntries(findAssignments(text).map(({ name, value }) => [name, value])),
  locate: (text, [name]) =>
    findAssignments(text)
      .filter((found) => found.name === name)
      .map(({ start, end, value }) => ({ start, end, value })),
  written: (value) => (value === null ? '' : String(value)),
  render: (value, before) => renderEnv(value === null ? '' : String(value), before),
};

/** The line that adds a name at the end of a file. */
export function addedLine(text: string, name: string, value: string): string {
  const ending = /\r?\n/.exec(text)?.[0] ?? '\n';
  const isOpen = text !== '' && !text.endsWith('\n');
  return `${isOpen ? ending : ''}${name}=${renderEnv(value, '')}${ending}`;
}

/** What every reader of such files takes as it stands, without quotes and within double quotes. */
const plain = /^[\w./:@%+,=?~-]*$/;

/** In the quotes of before; in single quotes, which all readers take literally, where a sign has a meaning otherwise. */
function renderEnv(value: string, before: string): string {
  if (/[\r\n\0]/.test(value)) throw new EditProblem('cannot hold a line end');
  const quote = /^["'`]/.exec(before)?.[0] ?? '';
  if (quote === "'" && !value.includes("'")) return `'${value}'`;
  if (plain.test(value) || (quote === '"' && !/["\\$`]/.test(value))) return `${quote}${value}${quote}`;
  if (value.includes("'")) throw new EditProblem("cannot hold a ' beside other signs that need quotes");
  return `'${value}'`;
}
