import type { FleetFile, FleetPace, FleetResult, FleetVersion } from '../../model/fleet/fleet.js';
import { countOf, formatBytes, formatCount, formatDuration, sanitize } from '../units.js';
import { layOut, nameWidthMax } from './table.js';

/** Files that are listed one by one where not all are asked for. */
const filesMax = 20;
const remarksMax = 10;

/** What fleet prints for a person: schema versions, files that need a look, counts, pace, and a verdict. */
export function describeFleet(result: FleetResult, isWhole = false): string {
  const parts = [
    versionsOf(result.versions),
    filesOf(result.files, isWhole),
    countsOf(result),
    paceOf(result.pace),
    result.written.map((path) => `✓ ${sanitize(path)} is written`).join('\n'),
    verdictOf(result),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

function versionsOf(versions: readonly FleetVersion[]): string {
  if (versions.length === 0) return '';
  const rows = versions.map(({ id, files, tables, example }) => [id, formatCount(files), formatCount(tables), example]);
  const table = layOut(
    [
      { title: 'schema version' },
      { title: 'files', align: 'right' },
      { title: 'tables', align: 'right' },
      { title: 'such as', widthMax: nameWidthMax },
    ],
    rows,
  );
  const others = versions
    .filter(({ differences }) => differences.length > 0)
    .map(({ id, differences }) => [
      `  ${id} ${sanitize(differences.join(`\u0000`)).replaceAll('\\u0000', `\n  ${' '.repeat(id.length)} `)}`,
    ]);
  return [table, ...others].join('\n');
}

/** What needs a look comes first; the rest is folded where it is long. */
function filesOf(files: readonly FleetFile[], isWhole: boolean): string {
  const bad = files.filter(({ reason, verified }) => reason !== null || verified?.ok === false);
  const good = files.filter((file) => !bad.includes(file));
  const shown = isWhole ? good : good.slice(0, Math.max(0, filesMax - bad.length));
  const lines = bad.map(({ source, schema, state, reason }) => {
    const why = reason === null ? 'differs from its file' : `${reason.code}: ${reason.message}`;
    const hint = reason === null ? [] : [`    → ${sanitize(reason.hint)}`];
    return [`✗ ${sanitize(source)} (${sanitize(schema)}), ${state}: ${sanitize(why)}`, ...hint].join('\n');
  });
  const remarks = good.flatMap(({ schema, remarks: said }) =>
    said.map((remark) => `! ${sanitize(schema)}: ${sanitize(remark)}`),
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

function countsOf({ counts, notHere, fleet, form }: FleetResult): string {
  const { done, taken, waiting, failed, refused } = counts;
  const elsewhere = notHere === null || notHere === 0 ? '' : ` (${formatCount(notHere)} not on this machine)`;
  return `fleet ${fleet}, ${form}: ${formatCount(done)} done, ${formatCount(taken)} at work, ${formatCount(waiting)} waiting${elsewhere}, ${formatCount(failed)} failed, ${formatCount(refused)} refused`;
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
