import { Html, html, type HtmlValue } from './html.js';
import { style } from './style.js';

/** A report as one HTML file: it fetches nothing, needs no script, and its own policy allows neither. */
export function wholePage({ title, parts }: { readonly title: string; readonly parts: readonly HtmlValue[] }): string {
  const whole = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>${new Html(style)}</style>
</head>
<body>
<main>
${parts.flatMap((part) => [part, new Html('\n')])}</main>
</body>
</html>
`;
  return whole.text;
}
