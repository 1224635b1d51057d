import type { Finding } from '../../model/plan.js';
import { describeFinding } from '../text/findings-text.js';
import { jsonText, sanitize } from '../units.js';

/** A key of the config file that is being written, with what stands under it. */
interface Entry {
  /** What is decided; undefined where nothing is. */
  value?: unknown;
  readonly comments: Set<string>;
  /** Values that may be named, as JSON. */
  readonly choices: Set<string>;
  readonly under: Map<string, Entry>;
}

/**
 * A config file, as JSON with comments: what is decided already, and each decision that findings leave open with its
 * choices as comments. Taking the slashes away before one of them decides it.
 */
export function configText(
  decided: object,
  findings: readonly Finding[],
  /** Lines of comments that stand at the end of the object. */
  more: readonly string[] = [],
): string {
  const top = newEntry();
  decide(top, decided);
  const open = findings.filter(({ severity }) => severity !== 'note');
  for (const finding of open) for (const line of finding.choices ?? []) offer(top, JSON.parse(line), finding);
  const waived = open.filter(({ waiver }) => waiver !== undefined);
  const beyond = open.filter(
    ({ severity, choices = [], waiver }) => severity === 'error' && choices.length === 0 && waiver === undefined,
  );
  const lines = [
    '// Decisions for pgferry. Take the slashes away before one line of each, then name this file with --config.',
    ...(beyond.length === 0 ? [] : ['// No line here settles these:']),
    ...beyond.flatMap((finding) => [`//   ${describeFinding(finding)}`, `//     → ${sanitize(finding.hint)}`]),
    '{',
    ...entriesOf(top, '  '),
    ...waiverLines(waived),
    ...more,
    '}',
  ];
  return `${lines.join('\n')}\n`;
}

function newEntry(): Entry {
  return { comments: new Set(), choices: new Set(), under: new Map() };
}

/** Whether a value has keys of its own in the file; a conversion is one value. */
function isFolder(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !('convert' in value);
}

function decide(at: Entry, value: unknown): void {
  if (!isFolder(value)) at.value = value;
  else for (const [key, part] of Object.entries(value)) decide(entryAt(at, key), part);
}

function offer(at: Entry, value: unknown, finding: Finding): void {
  if (isFolder(value)) {
    for (const [key, part] of Object.entries(value)) offer(entryAt(at, key), part, finding);
    return;
  }
  at.comments.add(describeFinding(finding));
  at.choices.add(jsonText(value));
}

function entryAt(at: Entry, key: string): Entry {
  const entry = at.under.get(key) ?? newEntry();
  at.under.set(key, entry);
  return entry;
}

function entriesOf({ under }: Entry, indent: string): string[] {
  return [...under].flatMap(([key, entry]) => {
    const name = jsonText(key);
    const said = entry.value === undefined ? null : jsonText(entry.value);
    const choices = [...entry.choices].filter((choice) => choice !== said);
    return [
      ...[...entry.comments].map((comment) => `${indent}// ${comment}`),
      ...(said === null ? [] : [`${indent}${name}: ${said},`]),
      ...choices.map((choice) => `${indent}// ${name}: ${choice},`),
      ...(entry.under.size === 0 ? [] : [`${indent}${name}: {`, ...entriesOf(entry, `${indent}  `), `${indent}},`]),
    ];
  });
}

/** The list of waivers is one line, which is open as a whole. */
function waiverLines(findings: readonly Finding[]): string[] {
  if (findings.length === 0) return [];
  return [
    '  // What may be lost of the schema:',
    '  // "waive": [',
    ...findings.flatMap((finding) => [`  //   // ${describeFinding(finding)}`, `  //   ${jsonText(finding.waiver)},`]),
    '  // ],',
  ];
}
