import { CopierError } from '../../model/error.js';

/*
 * The text of a statement for SQLite. A text in it that is not UTF-8, or holds a NUL, cannot go through a JavaScript
 * string or end at its NUL: such a literal is written as the blob of its bytes, cast to text, which is the same value.
 */

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
/** The longest string that V8 has, in UTF-16 units. */
const charsMax = 2 ** 29 - 24;
const quote = 39;

export function statementText(bytes: Buffer, line: number): string {
  if (bytes.length > charsMax) {
    throw new CopierError('source.dump_statement', `the statement on line ${line} is longer than ${charsMax} bytes`, {
      hint: 'give the database file itself in place of a dump',
    });
  }
  const text = bytes.includes(0) ? null : decode(bytes);
  return text ?? decode(withCasts(bytes)) ?? strange(line);
}

function decode(bytes: Buffer): string | null {
  try {
    return decoder.decode(bytes);
  } catch {
    return null;
  }
}

/** Each literal that cannot be decoded as CAST(x'…' AS TEXT). */
function withCasts(bytes: Buffer): Buffer {
  const parts: Buffer[] = [];
  let from = 0;
  for (;;) {
    const start = bytes.indexOf(quote, from);
    if (start === -1) break;
    const end = endOfLiteral(bytes, start);
    parts.push(bytes.subarray(from, start), castOf(bytes.subarray(start, end)));
    from = end;
  }
  return Buffer.concat([...parts, bytes.subarray(from)]);
}

/** Behind the quote that ends the literal; two of them are one of its characters. */
function endOfLiteral(bytes: Buffer, start: number): number {
  for (let at = bytes.indexOf(quote, start + 1); at !== -1; at = bytes.indexOf(quote, at + 2)) {
    if (bytes[at + 1] !== quote) return at + 1;
  }
  return bytes.length;
}

function castOf(literal: Buffer): Buffer {
  if (!literal.includes(0) && decode(literal) !== null) return literal;
  const inner = literal.subarray(1, -1).toString('latin1').replaceAll("''", "'");
  return Buffer.from(`CAST(x'${Buffer.from(inner, 'latin1').toString('hex')}' AS TEXT)`);
}

function strange(line: number): never {
  throw new CopierError('source.dump_statement', `the statement on line ${line} is not UTF-8 outside of its texts`, {
    hint: 'make the dump again with sqlite3 app.db .dump, and do not let an editor or a shell change its encoding',
  });
}
