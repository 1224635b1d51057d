import { foldCase } from '../../lib/fold-case.js';
import type { Uncarried } from '../../model/carry.js';
import type { TablePlan } from '../../model/plan.js';

/** What the operator gives up by name: `TABLE`, or `TABLE.COLUMN`. Names are compared without ASCII case. */
export class LeftBehind {
  readonly #names: ReadonlySet<string>;

  constructor(names: readonly string[]) {
    this.#names = new Set(names.map(foldCase));
  }

  get isNothing(): boolean {
    return this.#names.size === 0;
  }

  /** Of the source and of the target both names serve. */
  hasTable(...names: readonly string[]): boolean {
    return names.some((name) => this.#names.has(foldCase(name)));
  }

  hasColumn(table: string, column: string): boolean {
    return this.#names.has(foldCase(`${table}.${column}`));
  }

  /** Whether anything of the table stays behind. */
  touches({ source, target }: Pick<TablePlan, 'source' | 'target'>): boolean {
    const heads = [source, target].map((name) => `${foldCase(name)}.`);
    return (
      this.hasTable(source, target) || [...this.#names].some((name) => heads.some((head) => name.startsWith(head)))
    );
  }

  /** The table without the columns that stay behind; or why one of them cannot. */
  planOf(plan: TablePlan, hasQuarantine: boolean): TablePlan | Uncarried {
    const isLeft = (index: number) => this.hasColumn(plan.source, plan.columns[index]?.source ?? '');
    const stays = [...plan.columns.keys()].filter((index) => !isLeft(index));
    const [first] = [...plan.columns.keys()].filter(isLeft);
    if (first === undefined) return plan;
    const isKey = plan.key.origin !== 'none' && plan.key.columns.some(isLeft);
    if (isKey || hasQuarantine) {
      const reason = isKey
        ? 'a column of the key cannot be left behind'
        : 'a column cannot be left behind where rows of the table are in quarantine';
      return { table: plan.source, column: plan.columns[first]?.source ?? null, key: null, reason };
    }
    const columns = stays.flatMap((index) => plan.columns[index] ?? []);
    const key = plan.key.columns.filter((index) => !isLeft(index)).map((index) => stays.indexOf(index));
    return { ...plan, columns, key: { ...plan.key, columns: key } };
  }
}
