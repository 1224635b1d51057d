import { foldCase } from '../../lib/fold-case.js';
import { shortName } from './names.js';

/** How a source name met its target name. */
export type Match = 'named' | 'exact' | 'shortened' | 'case' | 'snake';

export interface NameMatch {
  readonly target: string;
  readonly how: Match;
}

const folds: readonly {
  readonly how: Match;
  readonly source: (name: string) => string;
  readonly target: (name: string) => string;
}[] = [
  { how: 'exact', source: (name) => name, target: (name) => name },
  { how: 'shortened', source: shortName, target: (name) => name },
  { how: 'case', source: foldCase, target: foldCase },
  { how: 'snake', source: foldWords, target: foldWords },
];

/**
 * Pairs source names with target names: first those that the operator `named`, which match nothing else; then equal
 * names; then over-long names with their short form; then names equal but for ASCII case; then snake_case with
 * camelCase. Each step takes only pairs that are unambiguous among the names left on both sides.
 */
export function matchNames(
  sources: readonly string[],
  targets: readonly string[],
  named: ReadonlyMap<string, string> = new Map(),
): Map<string, NameMatch> {
  const matches = new Map<string, NameMatch>();
  const taken = new Set<string>();
  for (const [source, target] of named) {
    if (!targets.includes(target) || taken.has(target)) continue;
    matches.set(source, { target, how: 'named' });
    taken.add(target);
  }
  for (const { how, source, target } of folds) {
    const left = groupBy(
      sources.filter((name) => !matches.has(name) && !named.has(name)),
      source,
    );
    const right = groupBy(
      targets.filter((name) => !taken.has(name)),
      target,
    );
    for (const [folded, names] of left) {
      const [name] = names;
      const [found, another] = right.get(folded) ?? [];
      if (names.length > 1 || name === undefined || found === undefined || another !== undefined) continue;
      matches.set(name, { target: found, how });
      taken.add(found);
    }
  }
  return matches;
}

/** The words of a snake_case or camelCase name, joined by _: userId, user_id and UserID are the same. */
function foldWords(name: string): string {
  const spaced = name.replace(/([a-z0-9])([A-Z])/g, '$1_$2').replace(/([A-Z])([A-Z][a-z])/g, '$1_$2');
  return foldCase(spaced.replace(/_+/g, '_'));
}

function groupBy(names: readonly string[], fold: (name: string) => string): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const name of names) {
    const key = fold(name);
    groups.set(key, [...(groups.get(key) ?? []), name]);
  }
  return groups;
}
