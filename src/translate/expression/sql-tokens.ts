/** One token of SQLite's SQL. `text` is a word's letters, a name or string without its quotes, or the sign itself. */
export interface ExpressionToken {
  readonly tag: 'word' | 'name' | 'string' | 'number' | 'blob' | 'sign';
  readonly text: string;
  /** Of a name: whether its quotes are double ones. */
  readonly isDouble?: true;
  /** Offsets in the SQL, for quoting it. */
  readonly start: number;
  readonly end: number;
}

const closers: Readonly<Record<string, string>> = { '"': '"', '`': '`', '[': ']', "'": "'" };
const longSigns = ['->>', '||', '->', '<=', '>=', '<>', '!=', '==', '<<', '>>'];
const wordStart = /[\p{L}\p{N}_$\u0080-\uffff]/u;

/**
 * The tokens of a piece of SQLite's SQL without spaces and comments (https://www.sqlite.org/lang_expr.html,
 * https://www.sqlite.org/lang_comment.html); null where a quote or comment does not end.
 */
export function readExpressionTokens(sql: string): ExpressionToken[] | null {
  const tokens: ExpressionToken[] = [];
  let at = 0;
  while (at < sql.length) {
    const next = skipBlank(sql, at);
    if (next === null) return null;
    at = next;
    if (at >= sql.length) break;
    const token = readToken(sql, at);
    if (token === null) return null;
    tokens.push(token);
    at = token.end;
  }
  return tokens;
}

/** Whether the token is this unquoted word, which is given in upper case. */
export function isWord(token: ExpressionToken | undefined, word: string): boolean {
  return token?.tag === 'word' && token.text.toUpperCase() === word;
}

export function isSign(token: ExpressionToken | undefined, sign: string): boolean {
  return token?.tag === 'sign' && token.text === sign;
}

/** Index of the bracket that closes the one at `open`, -1 where there is none. */
export function findClose(tokens: readonly ExpressionToken[], open: number): number {
  let depth = 0;
  for (let i = open; i < tokens.length; i += 1) {
    if (isSign(tokens[i], '(')) depth += 1;
    if (isSign(tokens[i], ')')) depth -= 1;
    if (depth === 0) return i;
  }
  return -1;
}

/** The token lists between commas that are outside of all brackets. */
export function splitAtCommas(tokens: readonly ExpressionToken[]): ExpressionToken[][] {
  const parts: ExpressionToken[][] = [];
  let part: ExpressionToken[] = [];
  let depth = 0;
  for (const token of tokens) {
    if (isSign(token, '(')) depth += 1;
    if (isSign(token, ')')) depth -= 1;
    if (depth === 0 && isSign(token, ',')) {
      parts.push(part);
      part = [];
    } else part.push(token);
  }
  return [...parts, part];
}

function skipBlank(sql: string, from: number): number | null {
  let at = from;
  for (;;) {
    if (/\s/.test(sql[at] ?? '')) at += 1;
    else if (sql.startsWith('--', at)) {
      const end = sql.indexOf('\n', at);
      at = end < 0 ? sql.length : end;
    } else if (sql.startsWith('/*', at)) {
      const end = sql.indexOf('*/', at + 2);
      if (end < 0) return null;
      at = end + 2;
    } else return at;
  }
}

function readToken(sql: string, start: number): ExpressionToken | null {
  const first = sql[start] ?? '';
  const second = sql[start + 1] ?? '';
  if (closers[first] !== undefined) return readQuoted(sql, start, first === "'" ? 'string' : 'name');
  if ((first === 'x' || first === 'X') && second === "'") {
    const blob = readQuoted(sql, start + 1, 'blob');
    return blob === null || !/^([0-9a-f]{2})*$/i.test(blob.text) ? null : { ...blob, start };
  }
  if (/[0-9]/.test(first) || (first === '.' && /[0-9]/.test(second))) return readNumber(sql, start);
  if (wordStart.test(first)) {
    let end = start;
    while (end < sql.length && wordStart.test(sql[end] ?? '')) end += 1;
    return { tag: 'word', text: sql.slice(start, end), start, end };
  }
  const sign = longSigns.find((candidate) => sql.startsWith(candidate, start)) ?? first;
  return { tag: 'sign', text: sign, start, end: start + sign.length };
}

/** Reads a quoted token. A doubled closing quote means the quote itself, except in [ ]. */
function readQuoted(sql: string, start: number, tag: 'string' | 'name' | 'blob'): ExpressionToken | null {
  const close = closers[sql[start] ?? ''] ?? '';
  let text = '';
  for (let at = start + 1; at < sql.length; at += 1) {
    if (sql[at] !== close) text += sql[at];
    else if (close !== ']' && sql[at + 1] === close) {
      text += close;
      at += 1;
    } else return { tag, text, ...(close === '"' ? { isDouble: true } : {}), start, end: at + 1 };
  }
  return null;
}

function readNumber(sql: string, start: number): ExpressionToken | null {
  const found = /^(0x[0-9a-f]+|([0-9][0-9_]*)?(\.[0-9_]*)?(e[+-]?[0-9][0-9_]*)?)/i.exec(sql.slice(start, start + 400));
  const text = found?.[0] ?? '';
  if (text === '' || wordStart.test(sql[start + text.length] ?? '')) return null;
  return { tag: 'number', text: text.replaceAll('_', ''), start, end: start + text.length };
}
