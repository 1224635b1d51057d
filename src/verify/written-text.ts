/**
 * Other spellings of a moment as the ISO text that `readStamp` reads; null where a text is none of them. Steps: blanks
 * and Go's monotonic tail are removed, names of months become numbers, one-digit parts get their zero, and a zone's
 * name behind an offset, or in brackets, is removed. A weekday must be the date's.
 */
export function isoOfWritten(text: string): string | null {
  if (text.length > 120) return null;
  const plain = text
    .trim()
    .replace(/\s+m=[+-]\d+\.\d+$/, '')
    .replace(/\s*\([^)]*\)$/, '');
  return fromDigits(plain) ?? fromNumbers(plain) ?? fromNames(plain);
}

/** `20240229`, `20240229T1200[00[.5]][offset]`, `20240229120000`. */
function fromDigits(text: string): string | null {
  const match = /^(\d{4})(\d\d)(\d\d)(?:t?(\d\d)(\d\d)(\d\d)?([.,]\d+)?(.*))?$/i.exec(text);
  if (match === null) return null;
  const [, year, month, day, hour, minute, second = '00', fraction = '', rest = ''] = match;
  if (fraction !== '' && match[6] === undefined) return null;
  const date = `${year}-${month}-${day}`;
  return hour === undefined ? date : withOffset(`${date} ${hour}:${minute}:${second}${fraction}`, rest);
}

/** The year first, hyphens or slashes. */
function fromNumbers(text: string): string | null {
  const match =
    /^(\d{4})(?:-(\d\d?)-(\d\d?)|\/(\d\d?)\/(\d\d?))(?:(?:t|\s+)(\d\d?):(\d\d?)(?::(\d\d?)([.,]\d+)?)?(.*))?$/i.exec(
      text,
    );
  if (match === null) return null;
  const [, year, hyphenMonth, hyphenDay, slashMonth, slashDay, hour, minute, second = '00', fraction = '', rest = ''] =
    match;
  const date = `${year}-${two(hyphenMonth ?? slashMonth)}-${two(hyphenDay ?? slashDay)}`;
  return hour === undefined ? date : withOffset(`${date} ${two(hour)}:${two(minute)}:${two(second)}${fraction}`, rest);
}

const monthNames = 'janfebmaraprmayjunjulaugsepoctnovdec';
const dayNames = 'sunmontuewedthufrisat';

/** English names of days and months: RFC 1123, ctime, `date` and JavaScript. */
function fromNames(text: string): string | null {
  const words = text.replace(/,/g, ' ').split(/\s+/);
  const weekday = dayNames.indexOf((words[0] ?? '').slice(0, 3).toLowerCase());
  const hasWeekday = /^[a-z]{3,}$/i.test(words[0] ?? '') && weekday % 3 === 0 && weekday >= 0;
  const [first = '', second = '', ...others] = hasWeekday ? words.slice(1) : words;
  const dashed = /^(\d\d?)-([a-z]+)-(\d{4})$/i.exec(first);
  if (dashed !== null) {
    const rest = [second, ...others];
    return named(
      [dashed[1], dashed[2], dashed[3], rest.shift() ?? ''],
      rest.join(' '),
      hasWeekday ? weekday / 3 : null,
    );
  }
  const isDayFirst = /^\d/.test(first);
  const [day, month] = isDayFirst ? [first, second] : [second, first];
  if (!isDayFirst && !hasWeekday) return null;
  const yearAt = others.findIndex((word) => /^\d{4}$/.test(word));
  const year = others[yearAt];
  if (yearAt === -1 || year === undefined) return null;
  const rest = others.filter((_, at) => at !== yearAt);
  // A year at the end must not be followed by a number.
  return named([day, month, year, rest.shift() ?? ''], rest.join(' '), hasWeekday ? weekday / 3 : null);
}

function named(
  [day, monthName, year, clock]: readonly (string | undefined)[],
  rest: string,
  weekday: number | null,
): string | null {
  const month = monthNames.indexOf((monthName ?? '').slice(0, 3).toLowerCase());
  if (!/^[a-z]{3,}$/i.test(monthName ?? '') || month < 0 || month % 3 !== 0 || !/^\d\d?$/.test(day ?? '')) return null;
  const date = `${year}-${two(String(month / 3 + 1))}-${two(day)}`;
  if (weekday !== null && new Date(`${date}T00:00:00Z`).getUTCDay() !== weekday) return null;
  if (clock === '' || clock === undefined) return date;
  const parts = /^(\d\d?):(\d\d?)(?::(\d\d?)([.,]\d+)?)?$/.exec(clock);
  if (parts === null) return null;
  const [, hour, minute, second = '00', fraction = ''] = parts;
  return withOffset(`${date} ${two(hour)}:${two(minute)}:${two(second)}${fraction}`, rest);
}

/** What may follow the time: nothing, UTC, or an offset and perhaps the zone's name again. */
function withOffset(stamp: string, rest: string): string | null {
  const left = rest.trim();
  if (left === '') return stamp;
  if (/^(z|utc|gmt)$/i.test(left)) return `${stamp}Z`;
  const match =
    /^(?:gmt|utc)?([+-])(\d\d?)(?:(?:(?<=\d\d):?|:)([0-5]\d)(?::?([0-5]\d))?)?(?:\s+(?:[a-z]{2,5}|[+-]\d{2,4}))?$/i.exec(
      left,
    );
  if (match === null) return null;
  const [, sign, hours, minutes = '00', seconds = '00'] = match;
  return `${stamp}${sign}${two(hours)}:${minutes}:${seconds}`;
}

function two(text = ''): string {
  return text.padStart(2, '0');
}
