import type { FleetFile, FleetPace, FleetResult, FleetVersion } from '../../model/fleet/fleet.js';
import { countOf, formatBytes, formatCount, formatDuration, sanitize } from '../units.js';
import { groupByReason, groupRemarks, nameSome } from '../fleet-reasons.js';
import { layOut, nameWidthMax } from './table.js';

/** Files that are listed one by one where not all are asked for. */
const filesMax = 20;
const remarksMax = 10;
/** Schema versions, and lines on how one differs, where not all are asked for. */
const versionsMax = 10;
const differencesMax = 5;

/** What fleet prints for a person: schema versions, files that need a look, counts, pace, and a verdict. */
export function describeFleet(result: FleetResult, isWhole = false): string {
  const parts = [
    versionsOf(result.versions, isWhole),
    filesOf(result.files, isWhole),
    countsOf(result),
    paceOf(result.pace),
    result.written.map((path) => `✓ ${sanitize(path)} is written`).join('\n'),
    verdictOf(result),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

function versionsOf(versions: readonly FleetVersion[], isWhole: boolean): string {
  if (versions.length === 0) return '';
  const shown = isWhole ? versions : versions.slice(0, versionsMax);
  const rows = shown.map(({ id, files, tables, example }) => [id, formatCount(files), formatCount(tables), example]);
  const table = layOut(
    [
      { title: 'schema version' },
      { title: 'files', align: 'right' },
      { title: 'tables', align: 'right' },
      { title: 'such as', widthMax: nameWidthMax },
    ],
    rows,
  );
  const hidden = versions.slice(shown.length);
  const files = hidden.reduce((sum, version) => sum + version.files, 0);
  const folded =
    hidden.length === 0
      ? []
      : [`  … and ${countOf(hidden.length, 'version')} more, of ${countOf(files, 'file')} (--all shows them)`];
  return [table, ...folded, ...shown.flatMap((version) => differencesOf(version, isWhole))].join('\n');
}

function differencesOf({ id, differences }: FleetVersion, isWhole: boolean): string[] {
  const shown = isWhole ? differences : differences.slice(0, differencesMax);
  const rest = differences.length - shown.length;
  const lines = [...shown.map(sanitize), ...(rest > 0 ? [`… and ${formatCount(rest)} more (--all shows them)`] : [])];
  return lines.map((line, index) => `  ${index === 0 ? id : ' '.repeat(id.length)} ${line}`);
}

/** What needs a look comes first; the rest is folded where it is long. */
function filesOf(files: readonly FleetFile[], isWhole: boolean): string {
  const bad = files.filter(({ reason, verified }) => reason !== null || verified?.ok === false);
  const good = files.filter((file) => !bad.includes(file));
  const shown = isWhole ? good : good.slice(0, Math.max(0, filesMax - bad.length));
  const lines = isWhole || bad.length <= filesMax ? bad.flatMap(troubleOf) : troublesByReason(bad);
  const remarks = groupRemarks(good).map(
    ([remark, schemas]) => `! ${sanitize(nameSome(schemas))}: ${sanitize(remark)}`,
  );
  const shownRemarks = isWhole ? remarks : remarks.slice(0, remarksMax);
  if (shownRemarks.length < remarks.length)
    shownRemarks.push(`  … and ${countOf(remarks.length - shownRemarks.length, 'remark')} more (--all shows them)`);
  const table =
    shown.length === 0
      ? ''
      : layOut(
          [
            { title: 'file', widthMax: nameWidthMax },
            { title: 'schema', widthMax: nameWidthMax },
            { title: 'state' },
            { title: 'rows', align: 'right' },
            { title: 'size', align: 'right' },
          ],
          shown.map(({ source, schema, state, rows, bytes }) => [
            source,
            schema,
            state,
            rows === null ? '' : formatCount(rows),
            bytes === null ? '' : formatBytes(bytes),
          ]),
        );
  const rest = good.length - shown.length;
  const folded = rest > 0 ? `  … and ${countOf(rest, 'file')} more (--all shows them)` : '';
  return [lines.join('\n'), shownRemarks.join('\n'), table, folded].filter((part) => part !== '').join('\n');
}

function troubleOf({ source, schema, state, reason }: FleetFile): string[] {
  const why = reason === null ? 'differs from its file' : `${reason.code}: ${reason.message}`;
  const hint = reason === null ? [] : [`    → ${sanitize(reason.hint)}`];
  return [`✗ ${sanitize(source)} (${sanitize(schema)}), ${state}: ${sanitize(why)}`, ...hint];
}

/** Many files that need a look: how many there are of each reason, with the first of them. */
function troublesByReason(bad: readonly FleetFile[]): string[] {
  const lines = groupByReason(bad).flatMap(([code, files]) => [
    `✗ ${countOf(files.length, 'file')}: ${code}, such as`,
    ...files
      .slice(0, 1)
      .flatMap(troubleOf)
      .map((line) => `  ${line}`),
  ]);
  return [...lines, `  (--all names all ${formatCount(bad.length)} files that need a look)`];
}

function countsOf({ counts, lost, notHere, fleet, form }: FleetResult): string {
  const { done, taken, waiting, failed, refused } = counts;
  const elsewhere = notHere === null || notHere === 0 ? '' : ` (${formatCount(notHere)} not on this machine)`;
  const left = lost === 0 ? '' : `, ${formatCount(lost)} left by a worker that is gone (the next work takes them over)`;
  return `fleet ${fleet}, ${form}: ${formatCount(done)} done, ${formatCount(taken - lost)} at work${left}, ${formatCount(waiting)} waiting${elsewhere}, ${formatCount(failed)} failed, ${formatCount(refused)} refused`;
}

function paceOf(pace: FleetPace | null): string {
  if (pace === null) return '';
  const { rowsPerSecond, filesPerSecond, etaSeconds } = pace;
  const eta = etaSeconds === null ? '' : `, done in about ${formatDuration(etaSeconds * 1000)}`;
  return `in the last minute: ${formatCount(rowsPerSecond)} rows/s, ${filesPerSecond.toFixed(1)} files/s${eta}`;
}

function verdictOf({ action, ok, handled, counts }: FleetResult): string {
  const mark = ok ? '✓' : '✗';
  switch (action) {
    case 'plan':
      return `${mark} ${countOf(counts.waiting, 'file')} can be entered, ${formatCount(counts.refused)} refused; nothing was written to any side`;
    case 'enqueue':
      return `${mark} ${countOf(handled, 'file')} entered; ${formatCount(counts.refused)} refused`;
    case 'work':
      return `${mark} ${countOf(handled, 'file')} ended here`;
    case 'retry':
      return `✓ ${countOf(handled, 'file')} put back into the queue`;
    case 'verify':
      return ok
        ? `✓ ${countOf(handled, 'file')} compared: equal`
        : `✗ ${countOf(handled, 'file')} compared; not all is well, see above`;
    case 'status':
    case 'report':
      return '';
  }
}
