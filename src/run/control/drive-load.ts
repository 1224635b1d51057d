import type { Counters } from '../../pool/counters.js';
import type { Context } from '../context.js';
import type { ConnectionSlots } from '../load/connection-slots.js';

/** Has the threads and the connections of a load do what is ordered, from now until what it gives is called. */
export function driveLoad(
  { orders }: Context,
  { counters, slots }: { readonly counters: Counters; readonly slots: ConnectionSlots },
): () => void {
  let limitedTo = orders.maxMbps;
  const obey = () => {
    counters.pause(orders.isPaused);
    slots.limitTo(orders.workersNow);
    if (orders.maxMbps === limitedTo) return;
    limitedTo = orders.maxMbps;
    if (limitedTo !== null)
      counters.limit(limitedTo === 'none' ? null : (limitedTo * 1_000_000) / 8, process.hrtime.bigint());
  };
  obey();
  return orders.listen(obey);
}
