import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/**
 * Writes into `folder` so many files that each load some of these test files, each test file once, and gives their paths.
 * Node's runner starts a process for each file that it is given, which costs more than what most of the fast ones do.
 */
export function writeGroups(paths: readonly string[], folder: string, count: number): string[] {
  return Array.from({ length: count }, (_, group) => {
    const path = join(folder, `group-${group + 1}.test.mjs`);
    const members = paths.filter((_, index) => index % count === group);
    writeFileSync(path, members.map((member) => `import '${pathToFileURL(member).href}';\n`).join(''));
    return path;
  });
}
