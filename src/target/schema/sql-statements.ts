/** One statement of an SQL text. */
export interface SqlStatement {
  /** As written, from its first word on, without the semicolon. */
  readonly text: string;
  /** The text with comments, strings and quoted names blanked out, to search its keywords. */
  readonly code: string;
  /** Line of its first word in the whole text, from 1. */
  readonly line: number;
}

/** What hides a semicolon, each from its first character to its last; PostgreSQL documentation, "Lexical Structure". */
const hiding: readonly RegExp[] = [
  /--[^\r\n]*/y,
  /[eE]'(?:\\[\s\S]|''|[^\\'])*'?/y,
  /'(?:''|[^'])*'?/y,
  /"(?:""|[^"])*"?/y,
  /\$([A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$[\s\S]*?(?:\$\1\$|$(?![\s\S]))/y,
];
const beginsHiding = `-/eE'"$`;
/** Characters that neither begin one of these, nor a word, nor count by themselves. */
const between = /[^A-Za-z_\u0080-\uffff'"$\-/;()]+/y;
const word = /[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*/y;

/**
 * Cuts an SQL text into statements at the semicolons that end one: not those in strings, quoted names, comments (which
 * nest), dollar quotes, brackets, or the BEGIN ATOMIC … END body of a function. Pure; takes the text as it is with
 * standard_conforming_strings on.
 */
export function splitStatements(text: string): SqlStatement[] {
  const statements: SqlStatement[] = [];
  const lines = new LineCount(text);
  let start = 0;
  let code = '';
  let depth = 0;
  let bodyDepth = 0;
  const finish = (end: number): void => {
    const lead = code.length - code.trimStart().length;
    if (lead < code.length) {
      const line = lines.at(start + lead);
      statements.push({ text: text.slice(start + lead, end).trimEnd(), code: code.trim(), line });
    }
    [start, code, depth, bodyDepth] = [end + 1, '', 0, 0];
  };
  for (let at = 0; at < text.length; ) {
    between.lastIndex = at;
    if (between.test(text)) {
      code += text.slice(at, between.lastIndex);
      at = between.lastIndex;
      continue;
    }
    const hidden = endOfHidden(text, at);
    const end = hidden ?? endOfWord(text, at) ?? at + 1;
    const piece = text.slice(at, end);
    if (piece === ';' && depth === 0 && bodyDepth === 0) {
      finish(at);
      at = end;
      continue;
    }
    if (hidden === null) {
      if (piece === '(') depth++;
      if (piece === ')') depth = Math.max(0, depth - 1);
      bodyDepth = Math.max(0, bodyDepth + bodyStep(piece, code, bodyDepth));
    }
    code += hidden === null ? piece : blank(piece);
    at = end;
  }
  finish(text.length);
  return statements;
}

/** Counts the lines of a text as far as it is asked, each character once. */
class LineCount {
  readonly #text: string;
  #line = 1;
  #counted = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** The line of an offset, from 1; each is not before the last. */
  at(offset: number): number {
    for (;;) {
      const end = this.#text.indexOf('\n', this.#counted);
      if (end === -1 || end >= offset) return this.#line;
      this.#line += 1;
      this.#counted = end + 1;
    }
  }
}

/** A string leaves a mark in the code, so that `E''` is not taken for nothing; a comment leaves blanks. */
function blank(piece: string): string {
  const isComment = piece.startsWith('--') || piece.startsWith('/*');
  return isComment ? ' '.repeat(piece.length) : '?'.repeat(piece.length);
}

function endOfHidden(text: string, at: number): number | null {
  if (!beginsHiding.includes(text.charAt(at))) return null;
  if (text.startsWith('/*', at)) return endOfComment(text, at);
  for (const pattern of hiding) {
    pattern.lastIndex = at;
    if (pattern.test(text)) return pattern.lastIndex;
  }
  return null;
}

function endOfComment(text: string, start: number): number {
  const mark = /\/\*|\*\//g;
  mark.lastIndex = start;
  let depth = 0;
  for (let found = mark.exec(text); found !== null; found = mark.exec(text)) {
    depth += found[0] === '/*' ? 1 : -1;
    if (depth === 0) return mark.lastIndex;
  }
  return text.length;
}

function endOfWord(text: string, at: number): number | null {
  word.lastIndex = at;
  return word.test(text) ? word.lastIndex : null;
}

/** +1 where a word opens a block inside the body of a function in SQL, -1 where it closes one. */
function bodyStep(piece: string, code: string, bodyDepth: number): number {
  const upper = piece.toUpperCase();
  if (bodyDepth === 0) {
    if (upper !== 'ATOMIC') return 0;
    const isRoutine = /^\s*CREATE\s+(OR\s+REPLACE\s+)?(FUNCTION|PROCEDURE)\s/i.test(code);
    return isRoutine && /\bBEGIN\s+$/i.test(code) ? 1 : 0;
  }
  if (upper === 'CASE') return 1;
  return upper === 'END' ? -1 : 0;
}
