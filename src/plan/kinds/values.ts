import type { Code } from '../../model/codes/codes.js';
import type { ColumnCensus } from '../../model/census.js';
import type { Finding } from '../../model/plan.js';
import type { Kind, LiteralForm } from '../../model/kind.js';
import { makeFinding } from '../findings/finding.js';
import type { ColumnPair } from './column-pair.js';
import { trialFindings } from './tried-values.js';

type Say = (severity: 'error' | 'warning', code: Code, message: string, hint: string) => Finding;

/** What a rule checks. */
interface Survey {
  readonly pair: ColumnPair;
  readonly census: ColumnCensus;
  readonly say: Say;
}

const cleanHint = 'correct these values in SQLite, or give the target column a type that holds them';
const wideHint = 'widen the target column, or correct these values in SQLite';

/**
 * Checks the census against the kind: an error for values that surely cannot be carried, a warning for those that the
 * copy must check.
 */
export function checkValues(pair: ColumnPair, kind: Kind): Finding[] {
  const { table, source, census } = pair;
  const say: Say = (severity, code, message, hint) =>
    makeFinding({ severity, code, table, column: source.name, message, hint });
  const survey = { pair, census, say };
  const { trial } = pair;
  return [...checkNulls(survey), ...(trial === undefined ? checkKind(survey, kind) : trialFindings(pair, kind, trial))];
}

function checkNulls({ pair, census, say }: Survey): Finding[] {
  if (census.nulls === 0 || !(pair.target.notNull || pair.isPrimaryKey)) return [];
  const where = pair.isPrimaryKey ? 'a primary key column' : 'a NOT NULL column';
  const hint = 'fill these cells in SQLite, or drop NOT NULL on the target column';
  return [say('error', 'plan.null_in_not_null', `${census.nulls} NULLs would go into ${where} of the target`, hint)];
}

function checkKind(survey: Survey, kind: Kind): Finding[] {
  switch (kind.tag) {
    case 'int2':
    case 'int4':
    case 'int8':
      return [
        ...refuse(survey, ['texts', 'blobs']),
        ...checkReals(survey),
        ...checkRange(survey, integerBits[kind.tag]),
      ];
    case 'float4':
    case 'float8':
      return [...refuse(survey, ['texts', 'blobs']), ...checkFloat(survey, kind.tag)];
    case 'numeric':
      return [...refuse(survey, ['blobs']), ...checkTextNumbers(survey), ...checkDigits(survey, kind)];
    case 'bool':
      return [...refuse(survey, ['blobs']), ...checkReals(survey), ...checkBoolean(survey)];
    case 'text':
      return [
        ...refuse(survey, ['blobs']),
        ...checkLength(survey, kind.maxChars),
        ...checkBytes(survey, kind.maxBytes),
      ];
    case 'char':
      return [...refuse(survey, ['blobs']), ...checkLength(survey, kind.chars)];
    case 'bytea':
      return refuse(survey, ['integers', 'reals', 'texts']);
    case 'uuid':
      return [...refuse(survey, ['integers', 'reals']), ...checkEmpty(survey, 'uuid'), ...checkUuidBlob(survey)];
    case 'json':
    case 'jsonb':
      return [...refuse(survey, ['blobs']), ...checkEmpty(survey, kind.tag)];
    case 'enum':
      return [...refuse(survey, ['integers', 'reals', 'blobs']), ...checkLabels(survey, kind.labels)];
    case 'time':
      return [...refuse(survey, ['integers', 'reals', 'blobs']), ...checkEmpty(survey, kind.tag)];
    case 'date':
    case 'timestamp':
    case 'timestamptz':
      return [...refuse(survey, ['blobs']), ...checkEmpty(survey, kind.tag)];
    case 'literal':
      return [...refuse(survey, ['blobs']), ...checkForm(survey, kind.form)];
  }
}

const integerBits = { int2: 15n, int4: 31n, int8: 63n } as const;
const classCodes = {
  integers: 'plan.integer_in_other',
  reals: 'plan.real_in_other',
  texts: 'plan.text_in_other',
  blobs: 'plan.blob_in_other',
} as const;

function refuse({ pair, census, say }: Survey, classes: readonly (keyof typeof classCodes)[]): Finding[] {
  return classes
    .filter((name) => census[name] > 0)
    .map((name) =>
      say('error', classCodes[name], `${census[name]} ${name} cannot go into ${pair.target.type}`, cleanHint),
    );
}

/** SQLite turns whole reals of integer and numeric columns into integers, so that what stays real there is not whole. */
function checkReals({ pair, census, say }: Survey): Finding[] {
  if (census.reals === 0) return [];
  const isBroken = pair.source.affinity === 'integer' || pair.source.affinity === 'numeric';
  const message = `${census.reals} reals would go into ${pair.target.type}, which holds whole numbers only`;
  return [say(isBroken ? 'error' : 'warning', 'plan.real_in_integer', message, cleanHint)];
}

function integerRange({ integerMin, integerMax }: ColumnCensus): { min: bigint; max: bigint } | null {
  return integerMin === null || integerMax === null ? null : { min: BigInt(integerMin), max: BigInt(integerMax) };
}

function outOfRange({ pair, census, say }: Survey): Finding {
  const message = `integers from ${census.integerMin} to ${census.integerMax} do not fit ${pair.target.type}`;
  return say('error', 'plan.out_of_range', message, wideHint);
}

function checkRange(survey: Survey, bits: bigint): Finding[] {
  const range = integerRange(survey.census);
  if (range === null || (range.min >= -(1n << bits) && range.max < 1n << bits)) return [];
  return [outOfRange(survey)];
}

function checkFloat(survey: Survey, tag: 'float4' | 'float8'): Finding[] {
  const { pair, census, say } = survey;
  const range = integerRange(census);
  const round = tag === 'float4' ? Math.fround : (value: number) => value;
  const isExact = (value: bigint) => Number.isFinite(round(Number(value))) && BigInt(round(Number(value))) === value;
  const findings = range !== null && !(isExact(range.min) && isExact(range.max)) ? [outOfRange(survey)] : [];
  if (tag === 'float8' || census.reals === 0) return findings;
  const message = `${census.reals} reals of 8 bytes would go into ${pair.target.type} of 4 bytes`;
  return [...findings, say('warning', 'plan.real_in_float4', message, 'make the target column double precision')];
}

function checkTextNumbers({ pair, census, say }: Survey): Finding[] {
  if (census.texts === 0) return [];
  if (census.emptyTexts > 0)
    return [
      say(
        'error',
        'plan.text_in_other',
        `${census.emptyTexts} empty texts cannot go into ${pair.target.type}`,
        cleanHint,
      ),
    ];
  const message = `${census.texts} texts would go into ${pair.target.type}: one that is no number stops the copy`;
  return [say('warning', 'plan.text_in_number', message, cleanHint)];
}

function checkDigits(survey: Survey, kind: { precision: number | null; scale: number | null }): Finding[] {
  const range = integerRange(survey.census);
  if (range === null || kind.precision === null || kind.scale === null) return [];
  const limit = 10n ** BigInt(Math.max(0, kind.precision - kind.scale));
  return range.min > -limit && range.max < limit ? [] : [outOfRange(survey)];
}

function checkBoolean(survey: Survey): Finding[] {
  const { census, say } = survey;
  const range = integerRange(census);
  if (range === null || (range.min >= 0n && range.max <= 1n)) return [];
  const message = `integers from ${range.min} to ${range.max} are not only 0 and 1`;
  return [say('error', 'plan.not_boolean', message, cleanHint)];
}

/** Numbers count with the length of their text, which is how they travel into a text column. */
function checkLength({ pair, census, say }: Survey, maxChars: number | null): Finding[] {
  if (maxChars === null) return [];
  const longest = Math.max(census.charsMax, census.integerMin?.length ?? 0, census.integerMax?.length ?? 0);
  if (longest <= maxChars) return [];
  return [say('error', 'plan.too_long', `a value of ${longest} characters does not fit ${pair.target.type}`, wideHint)];
}

function checkBytes({ pair, census, say }: Survey, maxBytes: number | undefined): Finding[] {
  if (maxBytes === undefined || census.bytesMax <= maxBytes) return [];
  const message = `a value of ${census.bytesMax} bytes does not fit ${pair.target.type}, which holds ${maxBytes}`;
  return [say('error', 'plan.too_long', message, wideHint)];
}

function checkEmpty({ census, say }: Survey, type: string): Finding[] {
  if (census.emptyTexts === 0) return [];
  return [say('error', 'plan.empty_text', `${census.emptyTexts} empty texts cannot go into ${type}`, cleanHint)];
}

function checkForm(survey: Survey, form: LiteralForm | undefined): Finding[] {
  const { pair, census, say } = survey;
  if (form?.tag === 'byte' && census.bytesMax > 1) {
    return [
      say('error', 'plan.too_long', `a value of ${census.bytesMax} bytes does not fit ${pair.target.type}`, wideHint),
    ];
  }
  if (form?.tag === 'unsigned' && census.integerMin?.startsWith('-') === true) return [outOfRange(survey)];
  if (form?.tag !== 'interval' || form.unit !== null || census.integers + census.reals === 0) return [];
  const message = `${census.integers + census.reals} numbers would go into ${pair.target.type}, and their unit is not known`;
  return [say('error', 'plan.time_unit', message, 'name their unit in the config file, or store intervals as text')];
}

function checkUuidBlob({ census, say }: Survey): Finding[] {
  if (census.blobs === 0 || census.texts > 0 || census.bytesMax === 16) return [];
  return [say('error', 'plan.not_uuid', `a blob of ${census.bytesMax} bytes is no uuid, which has 16`, cleanHint)];
}

function checkLabels({ pair, census, say }: Survey, labels: readonly string[]): Finding[] {
  const longest = Math.max(0, ...labels.map((label) => [...label].length));
  const isOff = census.charsMax > longest || (census.emptyTexts > 0 && !labels.includes(''));
  if (!isOff) return [];
  return [
    say(
      'error',
      'plan.not_a_label',
      `at least one text is no label of ${pair.target.type}: ${labels.join(', ')}`,
      cleanHint,
    ),
  ];
}
