import { type Expression, Unportable } from './expression.js';
import { type Rendered, refuseTranslation, yields } from './rendered.js';

/** The present moment as SQLite's functions see it: UTC, without a zone. */
const utcNow = `(CURRENT_TIMESTAMP AT TIME ZONE 'UTC')`;
const epochNow = 'extract(epoch FROM CURRENT_TIMESTAMP)';
const secondsNow = `floor(${epochNow})::bigint`;

const formats = {
  datetime: 'YYYY-MM-DD HH24:MI:SS',
  date: 'YYYY-MM-DD',
  time: 'HH24:MI:SS',
} as const;
const holds = { datetime: 'timestamp', date: 'date', time: 'time' } as const;

/** strftime's substitutions in to_char's words; both give fixed digits. */
const directives: Readonly<Record<string, string>> = {
  '%Y': 'YYYY',
  '%m': 'MM',
  '%d': 'DD',
  '%H': 'HH24',
  '%M': 'MI',
  '%S': 'SS',
  '%f': 'SS.MS',
  '%j': 'DDD',
  '%F': 'YYYY-MM-DD',
  '%T': 'HH24:MI:SS',
  '%R': 'HH24:MI',
  '%%': '"%"',
};

/** CURRENT_TIMESTAMP, datetime, date, time, strftime, unixepoch and julianday of 'now' (https://www.sqlite.org/lang_datefunc.html); null for other functions. */
export function renderNow(name: string, operands: readonly Expression[]): Rendered | null {
  switch (name) {
    case 'current_timestamp':
      return instantNow('datetime', []);
    case 'current_date':
      return instantNow('date', []);
    case 'current_time':
      return instantNow('time', []);
    case 'datetime':
    case 'date':
    case 'time':
      return instantNow(name, modifiersOf(operands));
    case 'strftime':
      return renderStrftime(operands);
    case 'unixepoch':
      return epochOf(modifiersOf(operands));
    case 'julianday':
      return modifiersOf(operands).length === 0
        ? yields('real', `(${epochNow}::double precision / 86400.0 + 2440587.5)`)
        : refuseTranslation('julianday with modifiers has no sure equivalent');
    default:
      return null;
  }
}

/** The modifiers after 'now'. 'now' itself may be left out, or be replaced by subsec. */
function modifiersOf(operands: readonly Expression[]): string[] {
  const texts = operands.map((operand) =>
    operand.tag === 'string'
      ? operand.text.trim().toLowerCase()
      : refuseTranslation('a time that is no literal has no sure equivalent'),
  );
  const [first, ...rest] = texts;
  if (first === undefined || first === 'now') return rest;
  if (first === 'subsec' || first === 'subsecond') return texts;
  return refuseTranslation(`the fixed time ${first} has no sure equivalent`);
}

function isSubsecond(modifier: string): boolean {
  return modifier === 'subsec' || modifier === 'subsecond';
}

function instantNow(name: 'datetime' | 'date' | 'time', modifiers: readonly string[]): Rendered {
  const fraction = name !== 'date' && modifiers.some(isSubsecond) ? '.MS' : '';
  return {
    ...yields('instant', shifted(modifiers)),
    instant: { format: formats[name] + fraction, holds: holds[name] },
  };
}

/**
 * Modifiers that add seconds to days mean the same in both. Months overflow differently, and local time depends on the
 * machine.
 */
function shifted(modifiers: readonly string[]): string {
  const moves = modifiers
    .filter((modifier) => !isSubsecond(modifier))
    .map((modifier) => {
      const found = /^([+-]?)\s*([0-9]+)\s+(second|minute|hour|day)s?$/.exec(modifier);
      if (found === null) return refuseTranslation(`the modifier ${modifier} has no sure equivalent`);
      return ` ${found[1] === '-' ? '-' : '+'} interval '${found[2]} ${found[3]}'`;
    });
  return moves.length === 0 ? utcNow : `(${utcNow}${moves.join('')})`;
}

function epochOf(modifiers: readonly string[]): Rendered {
  if (modifiers.length === 0) return { ...yields('integer', secondsNow), isEpoch: true };
  if (modifiers.every(isSubsecond)) return { ...yields('real', `(${epochNow}::double precision)`), isEpoch: true };
  return refuseTranslation('an epoch with modifiers has no sure equivalent');
}

function renderStrftime([format, ...operands]: readonly Expression[]): Rendered {
  if (format?.tag !== 'string') return refuseTranslation('strftime needs a literal format');
  const modifiers = modifiersOf(operands);
  if (format.text === '%s') return epochOf(modifiers);
  return {
    ...yields('instant', shifted(modifiers)),
    instant: { format: translateFormat(format.text), holds: heldBy(format.text) },
  };
}

function translateFormat(format: string): string {
  const pieces = format.match(/%.|[^%]+|%/gsu) ?? [];
  const translated = pieces.map((piece) => {
    if (!piece.startsWith('%')) return /^[-:/. ]*$/.test(piece) ? piece : quoteFormat(piece);
    return directives[piece] ?? refuseTranslation(`strftime's ${piece} has no sure equivalent`);
  });
  return translated.join('');
}

function quoteFormat(text: string): string {
  if (/["\\]/.test(text)) throw new Unportable('quotes in a time format have no sure equivalent');
  return `"${text}"`;
}

function heldBy(format: string): 'timestamp' | 'date' | 'time' | 'part' {
  const plain = format.replace('%F', '%Y-%m-%d').replace('%T', '%H:%M:%S');
  if (/^%Y-%m-%d[ T]%H:%M(:%[Sf])?(Z|\+00:00)?$/.test(plain)) return 'timestamp';
  if (plain === '%Y-%m-%d') return 'date';
  return /^%H:%M:%[Sf]$/.test(plain) ? 'time' : 'part';
}
