import type { Plan } from '../../model/plan.js';

/** The plan's tables as a Mermaid flowchart: layers as subgraphs, an arrow from each parent to its child, cycles marked. */
export function planToMermaid(plan: Plan): string {
  const ids = new Map(plan.layers.flat().map((table, index) => [table, `t${index}`]));
  const rows = new Map(plan.tables.map((table) => [table.source, table.rows]));
  const inCycle = plan.cycles
    .flat()
    .map((table) => ids.get(table))
    .filter((id) => id !== undefined);
  const lines = ['flowchart TB'];
  plan.layers.forEach((tables, layer) => {
    lines.push(`  subgraph layer${layer}["layer ${layer + 1}"]`);
    for (const table of tables)
      lines.push(`    ${ids.get(table)}["${escapeLabel(`${table} (${rows.get(table) ?? 0} rows)`)}"]`);
    lines.push('  end');
  });
  for (const { parent, child } of plan.edges) lines.push(`  ${ids.get(parent)} --> ${ids.get(child)}`);
  if (inCycle.length > 0) lines.push('  classDef cycle stroke-dasharray: 4', `  class ${inCycle.join(',')} cycle`);
  return `${lines.join('\n')}\n`;
}

/** Everything but plain letters, digits and a few signs becomes a numeric entity, so that no name can end a label. */
function escapeLabel(text: string): string {
  return text.replace(/[^\p{L}\p{N} _.()-]/gu, (character) => `#${character.codePointAt(0)};`);
}
