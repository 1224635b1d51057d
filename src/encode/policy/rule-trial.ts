import type { Kind } from '../../model/kind.js';
import type { TablePlan } from '../../model/plan.js';
import { type Policy, policyFor } from '../../model/rules.js';
import type { RowView } from '../../model/value.js';
import { must } from '../../model/error.js';
import { convertValue, rulesOfHazard } from './convert.js';
import { RowEdit } from './row-edit.js';
import { hazardOf } from './screen.js';

/** One value may be changed by several rules in turn, but only this often. */
const conversionsMax = 4;

/** Finds which rules carry the refused values of one column: what they make of a value is tried like any other. */
export class RuleTrial {
  readonly #table: Omit<TablePlan, 'chunks'>;
  readonly #index: number;
  readonly #codeOf: (view: RowView) => string | null;
  readonly #edit: RowEdit;

  /** `codeOf` gives the code of the error that the copy would meet in the column's value of a row, or null. */
  constructor(table: Omit<TablePlan, 'chunks'>, index: number, codeOf: (view: RowView) => string | null) {
    this.#table = table;
    this.#index = index;
    this.#codeOf = codeOf;
    this.#edit = new RowEdit(table.columns.length);
  }

  /**
   * Those of the rules, all of the hazard where none are given, that carry the value, with what the policies say of what
   * they make of it. `named`: where a policy names a rule, only that one is tried.
   */
  carrying(view: RowView, code: string, rules = rulesOfHazard(hazardOf(code)), named = false): readonly string[] {
    const hazard = hazardOf(code);
    const policy = named ? this.#policyOf(hazard) : null;
    const only = policy !== null && typeof policy !== 'string' ? policy.convert : null;
    return rules.filter((rule) => (only !== null && rule !== only) || this.#carries(view, { hazard, rule }));
  }

  #policyOf(hazard: string): Policy {
    const { policies = {} } = must(this.#table.columns[this.#index], 'column of a trial');
    return policyFor(policies, hazard);
  }

  #carries(view: RowView, first: { readonly hazard: string; readonly rule: string }): boolean {
    const column = must(this.#table.columns[this.#index], 'column of a trial');
    this.#edit.clear();
    this.#edit.loadCell(view, this.#index);
    let how = first;
    for (let turn = 0; turn < conversionsMax; turn += 1) {
      if (convertValue(this.#edit, this.#index, column, how) === null) return false;
      const code = this.#codeOf(this.#edit.view);
      if (code === null) return true;
      const hazard = hazardOf(code);
      const policy = this.#policyOf(hazard);
      if (typeof policy === 'string') return policy === 'quarantine';
      how = { hazard, rule: policy.convert };
    }
    return false;
  }
}

/** The kind as whole texts are judged by: \u0000 in json is refused where a policy is named for it. */
export function judgedKind(kind: Kind): Kind {
  return kind.tag === 'json' ? { tag: 'json', refusesNul: true } : kind;
}
