import type { Finding, TablePlan } from '../../model/plan.js';
import type { TargetCatalog } from '../../model/target.js';
import { makeFinding } from '../findings/finding.js';
import type { TableFit } from '../fit.js';
import { buildGraph } from './graph.js';
import { joinChunks } from './whole-tables.js';

/*
 * What changes when the target's foreign keys stay in force during the copy: PostgreSQL checks a row's parent at the
 * end of each COPY, so parents must have been committed before, or come in the very same COPY.
 */

/**
 * Whether our role can detach the table's foreign keys and make them again. Otherwise they stay in force, whatever was
 * asked for.
 */
export function canDetachForeignKeys({ target }: TableFit, { canCreateInSchema }: TargetCatalog): boolean {
  return target.isOwned && target.kind === 'r' && canCreateInSchema;
}

/** Puts each of the given tables that refers to itself into one chunk, so that its parents are in the same COPY. */
export function joinSelfReferences(tables: readonly TablePlan[], fits: readonly TableFit[]): TablePlan[] {
  return tables.map((table) => {
    const fit = fits.find(({ source }) => source.name === table.source);
    return fit !== undefined && refersTo(fit, fit) ? joinChunks(table) : table;
  });
}

/** Foreign keys of the target that run in a circle cannot be satisfied table by table. */
export function checkCycles(fits: readonly TableFit[]): Finding[] {
  const edges = fits.flatMap((child) =>
    fits
      .filter((parent) => parent !== child && refersTo(child, parent))
      .map((parent) => ({ child: child.source.name, parent: parent.source.name })),
  );
  const { cycles } = buildGraph(
    edges,
    fits.map((fit) => fit.source.name),
  );
  return cycles.map((cycle) =>
    makeFinding({
      severity: 'error',
      code: 'plan.cycle_in_force',
      message: `the foreign keys of ${cycle.join(', ')} run in a circle and stay in force, so no order of loading satisfies them`,
      hint: 'copy without --keep-constraints, as the owner of these tables',
    }),
  );
}

function refersTo(child: TableFit, parent: TableFit): boolean {
  return child.target.foreignKeys.some(
    ({ parentSchema, parentTable }) => parentSchema === parent.target.schema && parentTable === parent.target.name,
  );
}
