/** One token of SQL text. A bare word may be a keyword; a quoted name never is. */
export interface Token {
  readonly tag: 'word' | 'name' | 'string' | 'mark';
  /** Words and marks as written; names and strings without their quotes. */
  readonly text: string;
}

// What tokens look like, the frequent ones first; no two begin alike but with a mark, which is any character. Sticky, so that
// each match begins where the last ended, and quotes and comments are respected. An unclosed quote or comment runs to the
// end, as in SQLite. Tried one after the other without a group: of a match nothing but its end is wanted.
const kinds: readonly (readonly [Token['tag'] | 'space', RegExp])[] = [
  ['word', /[A-Za-z0-9_$\u0080-\uffff]+/y],
  ['space', /[ \t\n\f\r]+|--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)/y],
  ['name', /"[^"]*(?:""[^"]*)*(?:"|$)|`[^`]*(?:``[^`]*)*(?:`|$)|\[[^\]]*(?:\]|$)/y],
  ['string', /'[^']*(?:''[^']*)*(?:'|$)/y],
  ['mark', /[\s\S]/y],
];

/** A token, and where it ends in the SQL text. */
export interface PlacedToken {
  readonly token: Token;
  readonly end: number;
}

/** Cuts SQL text into tokens; white space and comments fall away. Never fails: an odd character is a mark. */
export function readTokens(sql: string): Token[] {
  return readPlacedTokens(sql).map(({ token }) => token);
}

export function readPlacedTokens(sql: string): PlacedToken[] {
  const placed: PlacedToken[] = [];
  for (let at = 0; at < sql.length; ) {
    const [tag, end] = matchAt(sql, at);
    const text = tag === 'space' ? '' : sql.slice(at, end);
    if (tag !== 'space')
      placed.push({ token: { tag, text: tag === 'word' || tag === 'mark' ? text : unquote(text) }, end });
    at = end;
  }
  return placed;
}

function matchAt(sql: string, at: number): readonly [Token['tag'] | 'space', number] {
  for (const [tag, pattern] of kinds) {
    pattern.lastIndex = at;
    if (pattern.test(sql)) return [tag, pattern.lastIndex];
  }
  return ['mark', at + 1];
}

function unquote(text: string): string {
  const quote = text.charAt(0);
  const inner = text.slice(1, -1);
  return quote === '[' ? inner : inner.replaceAll(quote + quote, quote);
}

/** Whether a token is this keyword (given in capitals). Keywords fold only A to Z. */
export function isKeyword(token: Token | undefined, keyword: string): boolean {
  return (
    token?.tag === 'word' &&
    token.text.length === keyword.length &&
    /^[A-Za-z]+$/.test(token.text) &&
    token.text.toUpperCase() === keyword
  );
}
