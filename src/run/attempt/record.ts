import { existsSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { RunResult } from '../../model/result.js';
import { type RunFolder, writeArtefact, writeManifest } from '../../report/files/run-folder.js';
import { jsonText } from '../../report/units.js';
import { columnsTsv, tablesTsv } from '../../report/files/tables-tsv.js';

/**
 * Writes into the run's folder all that is needed to audit the run later. The record of an earlier attempt stays beside
 * it.
 */
export async function writeRecord(folder: RunFolder, result: RunResult): Promise<void> {
  const suffix = freeSuffix(folder);
  writeArtefact(folder.pathOf(`result${suffix}.json`), `${jsonText(result, 1)}\n`);
  writeArtefact(folder.pathOf(`tables${suffix}.tsv`), tablesTsv(result.tables));
  writeArtefact(folder.pathOf(`columns${suffix}.tsv`), columnsTsv(result.tables));
  // The snapshot is the one file that may be large; its hash is known already. A temporary snapshot does not lie in the
  // folder.
  const { snapshot } = result;
  const isHere = snapshot !== null && dirname(snapshot.path) === folder.path;
  const known = isHere ? [{ name: basename(snapshot.path), sha256: snapshot.sha256 }] : [];
  await writeManifest(folder, { name: `manifest${suffix}.sha256`, known });
}

function freeSuffix(folder: RunFolder): string {
  for (let attempt = 1; ; attempt++) {
    const suffix = attempt === 1 ? '' : `-${attempt}`;
    if (!existsSync(folder.pathOf(`result${suffix}.json`))) return suffix;
  }
}
