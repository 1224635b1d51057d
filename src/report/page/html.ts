import { sanitize } from '../units.js';

/** A piece of HTML that is whole: nothing in it needs to be escaped any more. */
export class Html {
  constructor(readonly text: string) {}
}

export type HtmlValue = Html | string | number | null | readonly HtmlValue[];

/** Writes HTML; every value is escaped unless it is HTML itself, lists are joined, null is nothing. */
export function html(strings: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  const parts = strings.map((string, i) => string + (i < values.length ? textOf(values[i] ?? null) : ''));
  return new Html(parts.join(''));
}

function textOf(value: HtmlValue): string {
  if (value === null) return '';
  if (value instanceof Html) return value.text;
  if (typeof value === 'object') return value.map(textOf).join('');
  return escapeHtml(String(value));
}

/** A text for HTML, in an element or a quoted attribute; control characters are written as escapes. */
function escapeHtml(text: string): string {
  return sanitize(text)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}
