import { foldCase } from '../../lib/fold-case.js';
import { quoteText } from '../../lib/quote.js';
import { asText, type Rendered, refuseTranslation, yields } from './rendered.js';

/**
 * SQLite's LIKE folds ASCII letters only and has no escape unless one is named; lower() under "C" folds just those. A
 * collation means nothing to it, and a number is its text.
 */
export function renderLike(left: Rendered, right: Rendered, escapedBy: Rendered | null = null): Rendered {
  if (right.literal === null || right.class !== 'text') return refuseTranslation('LIKE needs a literal pattern');
  const sign = escapedBy === null ? '' : foldCase(escapedBy.literal ?? '');
  if (escapedBy !== null && [...sign].length !== 1) return refuseTranslation('ESCAPE needs one character');
  const pattern = foldCase(right.literal);
  if (sign !== '' && pattern.split(sign).length % 2 === 0 && pattern.endsWith(sign))
    return refuseTranslation('its pattern ends in the escape');
  return yields('bool', `(lower(${asText(left)} COLLATE "C") LIKE ${quoteText(pattern)} ESCAPE ${quoteText(sign)})`);
}

/** GLOB as a regular expression: * and ? are any characters, [ ] a set; letters count with their case, as in "C". */
export function renderGlob(left: Rendered, right: Rendered): Rendered {
  if (right.literal === null || right.class !== 'text') return refuseTranslation('GLOB needs a literal pattern');
  const pieces = right.literal.match(/\[\^?\]?[^\]]*\]|./gsu) ?? [];
  const pattern = pieces.map((piece) => {
    if (piece === '*') return '.*';
    if (piece === '?') return '.';
    return piece.startsWith('[') && piece.length > 1 ? setOf(piece) : escapeRegex(piece);
  });
  return yields('bool', `(${asText(left)} COLLATE "C" ~ ${quoteText(`^(?:${pattern.join('')})$`)})`);
}

function escapeRegex(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}

/**
 * A set of characters and ranges means the same in a regular expression if it holds no character that has another
 * meaning there.
 */
function setOf(piece: string): string {
  return /^\[\^?[\p{L}\p{N} _.,;:@#%/+=-]+\]$/u.test(piece) && !/[^\p{L}\p{N}]-|-[^\p{L}\p{N}\]]/u.test(piece)
    ? piece
    : refuseTranslation(`the set ${piece} of GLOB has no sure equivalent`);
}
