import type { TranslatedSchema } from './translate.js';
import { quoteIdentifier } from '../lib/quote.js';

/**
 * The translated schema as one script for psql. What is not carried over is listed at its end, as comments with the
 * reason.
 */
export function schemaScript(schema: string, { statements, findings }: TranslatedSchema): string {
  const ifNeeded = schema === 'public' ? [] : [`CREATE SCHEMA IF NOT EXISTS ${quoteIdentifier(schema)}`];
  const comments = findings
    .filter(({ severity }) => severity !== 'note')
    .map(({ table, column, message, hint }) => {
      const subject = [table, column].filter((name) => name !== null).join('.');
      return asComment(`${subject === '' ? '' : `${subject}: `}${message}\n  → ${hint}`);
    });
  const lines = ['BEGIN', ...ifNeeded, ...statements, 'COMMIT'].map((statement) => `${statement};\n`);
  return [...lines, ...comments].join('\n');
}

/** A name may hold any character: none may end the comment or control a terminal. */
function asComment(text: string): string {
  const lines = text.split(/\r\n|[\r\n\u2028\u2029]/);
  return lines.map((line) => `-- ${line.replace(/\p{Cc}/gu, ' ')}\n`).join('');
}
