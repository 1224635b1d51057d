import { versions } from 'node:process';
import { setFlagsFromString } from 'node:v8';

/** V8's own is 67584, in bytes of byte code that a function has run. */
const budgetBytes = 600_000;

/**
 * Lets V8 optimise a function of this process and its threads later than it would by itself. The loops over rows, which
 * earn that many times over, are WebAssembly or reach any budget at once; of what else a command runs, most ends before the
 * work of the optimiser has paid, which it does on cores that the copy and the server want. Only the V8 of Node 20 has
 * this budget; later ones would complain of the flag on standard error.
 */
export function delayOptimizer(): void {
  if (versions.v8.startsWith('11.')) setFlagsFromString(`--interrupt-budget=${budgetBytes}`);
}
