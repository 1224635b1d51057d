import type { Kind } from '../model/kind.js';
import { makeFinding } from '../plan/findings/finding.js';
import type { Finding } from '../model/plan.js';
import { translateDefault } from './default/default-sql.js';
import type { TableDraft } from './draft.js';
import {
  bigint,
  type Inference,
  plainType,
  type PgType,
  readDeclared,
  type TypeHints,
  type TypeQuestion,
} from './pg-type.js';

/** A type that a column does not name but shows, by its values and constraints. It counts only where every value is one. */
export interface InferredType {
  readonly type: PgType;
  readonly kind: Kind;
  readonly rule: Inference['rule'];
}

/**
 * What frameworks mean by a declaration for which SQLite has no word: `char(32)` and `char(36)` are UUIDs, a text with
 * `CHECK (json_valid(x))` is JSON, a `date` that is written with midnight is a date. Null where the column shows none of
 * these, or where an expression of its table or its default needs the column as it is declared.
 */
export function inferType(question: TypeQuestion): InferredType | null {
  const { column, census, hints } = question;
  if (hints === undefined || hints.isInExpression || column.collation.toUpperCase() !== 'BINARY') return null;
  if (census.blobs + census.emptyTexts > 0) return null;
  const inferred = candidate(question, hints);
  const { defaultSql } = column;
  const isFilled =
    inferred === null || defaultSql === null || translateDefault(defaultSql, inferred.type).tag === 'translated';
  return isFilled ? inferred : null;
}

function candidate(question: TypeQuestion, hints: TypeHints): InferredType | null {
  const { column, census, isIndexed } = question;
  const { words, length } = readDeclared(column.declaredType);
  if (hints.refersToInteger && census.texts + census.reals > 0)
    return { type: bigint, kind: { tag: 'int8' }, rule: 'reference' };
  if (census.integers + census.reals > 0) return null;
  if (hints.isJson && !isIndexed && column.affinity === 'text')
    return { type: plainType('jsonb', 'json'), kind: { tag: 'jsonb' }, rule: 'jsonb' };
  if (census.texts === 0) return null;
  if (isUuidShape(question, words, length) && census.charsMax === length)
    return { type: plainType('uuid', 'uuid'), kind: { tag: 'uuid' }, rule: 'uuid' };
  if (words === 'DATE' && census.charsMax > 10)
    return { type: plainType('date', 'date'), kind: { tag: 'date', unit: 'ms' }, rule: 'date' };
  return null;
}

/** 32 hex digits may be a hash as well: they are UUIDs where a framework made the table, and as keys. */
function isUuidShape({ hints, framework = null }: TypeQuestion, words: string, length: number | null): boolean {
  if (!/^(CHAR|CHARACTER)$/.test(words)) return false;
  return length === 36 || (length === 32 && (hints?.isKey === true || framework !== null));
}

const meanings: Readonly<Record<Inference['rule'], string>> = {
  boolean: 'TINYINT(1), and integers that are false or true by default, become boolean where they hold 0 and 1 only',
  uuid: 'char(32) and char(36) become uuid where they hold UUIDs only',
  jsonb: 'texts that a CHECK binds to JSON become jsonb, which says the same by itself',
  reference: 'columns that refer to whole numbers become bigint where they hold nothing else',
  date: 'dates that are written with a midnight stay date',
};
/** Columns that a note names. */
const namedMax = 5;

/** One note for each rule that gave columns a type which they do not name, with the line that keeps what is declared. */
export function inferenceNotes(tables: readonly TableDraft[]): Finding[] {
  const found = tables.flatMap(({ source, columns }) =>
    columns.flatMap(({ source: { name }, inference }) =>
      inference === null ? [] : [{ table: source.name, column: name, ...inference }],
    ),
  );
  return (Object.keys(meanings) as Inference['rule'][]).flatMap((rule) => {
    const ruled = found.filter((one) => one.rule === rule);
    const [first] = ruled;
    if (first === undefined) return [];
    const names = ruled.slice(0, namedMax).map(({ table, column }) => `${table}.${column}`);
    const more = ruled.length > namedMax ? ` and ${ruled.length - namedMax} more` : '';
    const line = JSON.stringify({ [first.table]: { columns: { [first.column]: { type: first.otherwise } } } });
    return [
      makeFinding({
        severity: 'note',
        code: 'plan.inferred_type',
        message: `${meanings[rule]}: ${names.join(', ')}${more}`,
        hint: `nothing to do; to keep one as it is declared: "tableRules": ${line}`,
      }),
    ];
  });
}
