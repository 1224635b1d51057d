import type { Finding } from '../../model/plan.js';
import type { Kind } from '../../model/kind.js';
import { ruleLine } from '../findings/choices.js';
import { makeFinding } from '../findings/finding.js';
import type { ColumnPair } from './column-pair.js';

/** What should be known of values that arrive in another way than they are written. */
export function remarkFindings(pair: ColumnPair, kind: Kind): Finding[] {
  return [
    ...noteStandIns(pair, kind),
    ...warnOfPadding(pair),
    ...warnOfDoubledKeys(pair),
    ...askForByteOrder(pair, kind),
  ];
}

/** Texts and numbers that are read as what a framework keeps in them, which the type does not name. */
function noteStandIns({ table, source, target, trial, census, framework, rules }: ColumnPair, kind: Kind): Finding[] {
  const at = { severity: 'note', code: 'plan.stand_in', table, column: source.name } as const;
  const isInterval = kind.tag === 'literal' && kind.form?.tag === 'interval';
  const findings: Finding[] = [];
  if (trial?.stoodFor !== undefined) {
    const { count, example } = trial.stoodFor;
    const what = isInterval
      ? 'a moment that stands for the time since 1970'
      : 'a time of day on a day that stands for none';
    const message = `${count} of its texts ${count === 1 ? 'is' : 'are'} read as ${what}: ${example.value} becomes ${example.becomes}`;
    findings.push(
      makeFinding({
        ...at,
        message,
        hint: 'nothing to do; if they are more than that, make the target column timestamp',
      }),
    );
  }
  if (isInterval && rules?.unit === undefined && framework === 'Django' && census.integers > 0) {
    const message = `${census.integers} numbers are read as microseconds into ${target.type}, as Django keeps intervals`;
    findings.push(makeFinding({ ...at, message, hint: 'nothing to do; another unit goes into the config file' }));
  }
  return findings;
}

/** char(n) prints its blanks to every client, though it compares without them. */
function warnOfPadding({ table, source, target, trial }: ColumnPair): Finding[] {
  if (trial?.padded === undefined) return [];
  const { count, example } = trial.padded;
  const message = `${count} of its texts ${count === 1 ? 'is' : 'are'} shorter than ${target.type}, which pads them with blanks for every client: ${example.value}`;
  const hint = 'where the application does not expect the blanks, make the target column varchar';
  return [makeFinding({ severity: 'warning', code: 'plan.char_padding', table, column: source.name, message, hint })];
}

/** jsonb keeps one value for each key of an object. */
function warnOfDoubledKeys({ table, source, trial }: ColumnPair): Finding[] {
  if (trial?.doubled === undefined) return [];
  const { count, example } = trial.doubled;
  const message = `${count} of its texts ${count === 1 ? 'has' : 'have'} a key twice in an object, of which jsonb keeps the last alone: ${example.value}`;
  const hint = 'most readers of JSON take the last as well; where all are to stay, make the target column json';
  return [makeFinding({ severity: 'warning', code: 'plan.json_keys', table, column: source.name, message, hint })];
}

const uuidBytes = 16;

/** Sixteen bytes do not say in which order they are, and either gives a uuid. */
function askForByteOrder({ table, source, census, rules, habits }: ColumnPair, kind: Kind): Finding[] {
  const said = rules?.uuidBytes ?? habits?.uuidBytes;
  if (kind.tag !== 'uuid' || census.blobs === 0 || census.bytesMax < uuidBytes || said !== undefined) return [];
  const column = source.name;
  return [
    makeFinding({
      severity: 'warning',
      code: 'plan.uuid_bytes',
      table,
      column,
      message: `${census.blobs} of its blobs ${census.blobs === 1 ? 'is' : 'are'} read as uuids in the order in which these are written; .NET turns the first three groups round`,
      hint: 'look at one of them beside the application, and say which it is in the config file:',
      choices: [ruleLine(table, column, { uuidBytes: 'rfc' }), ruleLine(table, column, { uuidBytes: 'dotnet' })],
    }),
  ];
}
