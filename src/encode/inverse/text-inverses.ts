import { isUtf8 } from 'node:buffer';
import { turnDigits } from '../../lib/bytes/uuid-bytes.js';
import { realText } from '../value/real-text.js';
import { type CellForm, type Inverse, isInt64, wholeOf } from './form.js';

const asIs = (printed: string): string => printed;

const textForm: CellForm = { name: 'texts', write: asIs };

/** A number in a column of texts, where its own text is just what PostgreSQL holds. */
const integerForm: CellForm = {
  name: 'integers',
  write: (printed) => {
    const whole = wholeOf(printed);
    return whole !== undefined && isInt64(whole) && String(whole) === printed ? whole : undefined;
  },
};

const realForm: CellForm = {
  name: 'reals',
  write: (printed) => {
    const value = Number(printed);
    return Number.isFinite(value) && realText(value) === printed ? value : undefined;
  },
};

/** text, varchar(n), name, enums, and what travels as its text. */
export function textInverse(): Inverse {
  return {
    formsLike: (cell) => {
      if (typeof cell === 'bigint') return [integerForm];
      if (typeof cell === 'number') return [realForm];
      return typeof cell === 'string' ? [textForm] : [];
    },
    usual: textForm,
    // Texts that are no numbers stand beside the numbers of such a column.
    wider: (form) => (form.name === textForm.name ? null : textForm),
    normal: asIs,
  };
}

/** char(n): PostgreSQL prints the blanks that it pads with. */
export function charInverse(chars: number): Inverse {
  const bare: CellForm = { name: 'texts without blanks at their end', write: (printed) => printed.replace(/ +$/, '') };
  const padded: CellForm = { name: `texts padded to ${chars}`, write: asIs };
  return {
    ...textInverse(),
    formsLike: (cell) => (typeof cell === 'string' ? [bare, padded] : []),
    usual: bare,
    wider: () => null,
    normal: bare.write as (printed: string) => string,
  };
}

/** A string of JSON, or anything between two strings. */
const jsonParts = /"(?:[^"\\]|\\.)*"|[^"]+/gs;

/** JSON text without white space between its tokens. */
function compactJson(text: string): string {
  return text.replace(jsonParts, (part) => (part.startsWith('"') ? part : part.replace(/[ \t\r\n]+/g, '')));
}

/** A blank after each colon and comma, as PostgreSQL and many libraries print it. */
function spacedJson(text: string): string {
  return compactJson(text).replace(jsonParts, (part) => (part.startsWith('"') ? part : part.replace(/[:,]/g, '$& ')));
}

/** Each member and element in a line of its own, as JSON.stringify prints them with this indent. */
function indentedJson(indent: string): (text: string) => string {
  return (text) => {
    let depth = 0;
    const line = (by: number) => {
      depth += by;
      return `\n${indent.repeat(depth)}`;
    };
    const structure = /[[{][\]}]|[[{]|[\]}]|[:,]/g;
    const put = (mark: string): string => {
      if (mark.length === 2) return mark;
      if (mark === ':') return ': ';
      if (mark === ',') return `,${line(0)}`;
      return mark === '[' || mark === '{' ? `${mark}${line(1)}` : `${line(-1)}${mark}`;
    };
    return compactJson(text).replace(jsonParts, (part) => (part.startsWith('"') ? part : part.replace(structure, put)));
  };
}

/** The form of a text in lines, by the first of them that is indented. */
function indentedForms(cell: string): CellForm[] {
  const indent = /\n([ \t]+)/.exec(cell)?.[1];
  if (indent === undefined) return [];
  const how = indent.startsWith('\t') ? 'tabs' : `${indent.length} blanks`;
  return [{ name: `JSON in lines, indented by ${how}`, write: indentedJson(indent) }];
}

/** json keeps the text that it was given; jsonb prints its own, which is brought into the column's. */
export function jsonInverse(isBinary: boolean): Inverse {
  const compact: CellForm = { name: 'JSON without blanks', write: compactJson };
  const spaced: CellForm = { name: 'JSON with a blank after each : and ,', write: spacedJson };
  const asStored: CellForm = { name: 'JSON texts', write: asIs };
  const texts = isBinary ? [compact, spaced] : [asStored];
  const number: CellForm = { name: 'integers', write: integerForm.write };
  const real: CellForm = {
    name: 'reals',
    write: (printed) => (/^-?[\d.eE+-]+$/.test(printed) ? Number(printed) : undefined),
  };
  return {
    formsLike: (cell) => {
      if (typeof cell === 'bigint') return [number];
      if (typeof cell === 'number') return [real];
      if (typeof cell !== 'string') return [];
      return isBinary ? [...texts, ...indentedForms(cell)] : texts;
    },
    usual: isBinary ? compact : asStored,
    // Blanks between tokens mean nothing: who set them by hand reads any.
    ...(isBinary && { otherwise: { name: 'JSON set by hand', write: compactJson } }),
    wider: (form) => (form.name === number.name || form.name === real.name ? (isBinary ? compact : asStored) : null),
    normal: isBinary ? compactJson : asIs,
  };
}

const bytesOf = (printed: string): Buffer => Buffer.from(printed.slice(2), 'hex');

/** bytea: a blob. */
export function byteaInverse(): Inverse {
  const blob: CellForm = { name: 'blobs', write: bytesOf };
  const text: CellForm = {
    name: 'texts',
    write: (printed) => (isUtf8(bytesOf(printed)) ? bytesOf(printed).toString('utf8') : undefined),
  };
  return {
    formsLike: (cell) => (Buffer.isBuffer(cell) ? [blob] : typeof cell === 'string' ? [text] : []),
    usual: blob,
    wider: (form) => (form.name === text.name ? blob : null),
    normal: asIs,
  };
}

const digitsOf = (printed: string): string => printed.toLowerCase().replaceAll(/[-{}]/g, '');

function hyphenated(digits: string): string {
  return [digits.slice(0, 8), digits.slice(8, 12), digits.slice(12, 16), digits.slice(16, 20), digits.slice(20)].join(
    '-',
  );
}

export function uuidBlobOf(order?: 'dotnet'): CellForm {
  const write = (digits: string) => Buffer.from(order === undefined ? digits : turnDigits(digits), 'hex');
  return {
    name: order === undefined ? 'blobs of 16 bytes' : 'blobs of 16 bytes as .NET writes them',
    write: (printed) => write(digitsOf(printed)),
  };
}

/** uuid: 16 bytes, or digits with or without hyphens and braces, in one case. */
export function uuidInverse(order?: 'dotnet'): Inverse {
  const uuidBlob = uuidBlobOf(order);
  const texts = [
    { what: 'uuids', spell: hyphenated },
    { what: 'uuids without hyphens', spell: asIs },
    { what: 'uuids in braces', spell: (digits: string) => `{${hyphenated(digits)}}` },
  ].flatMap(({ what, spell }): CellForm[] => [
    { name: `${what} as texts`, write: (printed) => spell(digitsOf(printed)) },
    { name: `${what} as texts of capitals`, write: (printed) => spell(digitsOf(printed)).toUpperCase() },
  ]);
  const [usual = uuidBlob] = texts;
  return {
    formsLike: (cell) => (Buffer.isBuffer(cell) ? [uuidBlob] : typeof cell === 'string' ? texts : []),
    usual,
    normal: digitsOf,
  };
}
