/** One token of SQL text. A bare word may be a keyword; a quoted name never is. */
export interface Token {
  readonly tag: 'word' | 'name' | 'string' | 'mark';
  /** Words and marks as written; names and strings without their quotes. */
  readonly text: string;
}

// One alternative per kind of token. Sticky, so that each match begins where the last ended, and quotes and comments
// are respected. An unclosed quote or comment runs to the end, as in SQLite.
const pattern = new RegExp(
  [
    String.raw`(?<space>[ \t\n\f\r]+|--[^\n]*|/\*[^]*?(?:\*/|$))`,
    "(?<string>'[^']*(?:''[^']*)*(?:'|$))",
    String.raw`(?<name>"[^"]*(?:""[^"]*)*(?:"|$)|\x60[^\x60]*(?:\x60\x60[^\x60]*)*(?:\x60|$)|\[[^\]]*(?:\]|$))`,
    String.raw`(?<word>[A-Za-z0-9_$\u0080-\uffff]+)`,
    '(?<mark>[^])',
  ].join('|'),
  'y',
);

/** A token, and where it ends in the SQL text. */
export interface PlacedToken {
  readonly token: Token;
  readonly end: number;
}

/** Cuts SQL text into tokens; white space and comments fall away. Never fails: an odd character is a mark. */
export function* readTokens(sql: string): Generator<Token> {
  for (const { token } of readPlacedTokens(sql)) yield token;
}

export function* readPlacedTokens(sql: string): Generator<PlacedToken> {
  let at = 0;
  while (at < sql.length) {
    pattern.lastIndex = at;
    const match = pattern.exec(sql);
    at = pattern.lastIndex;
    const { word, name, string, mark } = match?.groups ?? {};
    if (word !== undefined) yield { token: { tag: 'word', text: word }, end: at };
    else if (name !== undefined) yield { token: { tag: 'name', text: unquote(name) }, end: at };
    else if (string !== undefined) yield { token: { tag: 'string', text: unquote(string) }, end: at };
    else if (mark !== undefined) yield { token: { tag: 'mark', text: mark }, end: at };
  }
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
