/** How most applications spell a uuid, from its 32 lower digits. */
export function usualUuidTexts(digits: string): string[] {
  const cuts = [0, 8, 12, 16, 20, 32];
  const hyphenated = cuts
    .slice(1)
    .map((end, i) => digits.slice(cuts[i], end))
    .join('-');
  return [hyphenated, hyphenated.toUpperCase(), digits, digits.toUpperCase()];
}

const digitCount = 32;

/**
 * Every text that means the uuid as uuid_in reads it (in either case, with braces, with hyphens after any four digits), as far
 * as `isBegun` says that there is a text which begins like it.
 */
export function* uuidTexts(digits: string, isBegun: (start: string) => boolean): Generator<string> {
  for (const brace of ['', '{']) {
    if (brace === '' || isBegun(brace))
      yield* textsFrom(brace, { digits, at: 0, end: brace === '' ? '' : '}' }, isBegun);
  }
}

function* textsFrom(
  start: string,
  { digits, at, end }: { readonly digits: string; readonly at: number; readonly end: string },
  isBegun: (start: string) => boolean,
): Generator<string> {
  if (at === digitCount) {
    yield `${start}${end}`;
    return;
  }
  const digit = digits.charAt(at);
  const cases = new Set([digit, digit.toUpperCase()]);
  const marks = at > 0 && at % 4 === 0 ? ['', '-'] : [''];
  for (const mark of marks)
    for (const one of cases) {
      const next = `${start}${mark}${one}`;
      // The last digit may be the end of the text.
      if (at === digitCount - 1 || isBegun(next)) yield* textsFrom(next, { digits, at: at + 1, end }, isBegun);
    }
}
