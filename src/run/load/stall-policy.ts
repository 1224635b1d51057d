import type { TargetAddress } from '../../model/target.js';
import { readBackendWork } from '../../target/connection/backend.js';
import type { Silence } from '../../target/connection/connect.js';
import type { Context } from '../context.js';

/** For connections whose statements may rightly take long: silence ends them only where the server is not at work. */
export function patience({ settings, journal }: Context, address: TargetAddress): Silence {
  return {
    limitMs: settings.stallTimeoutSeconds * 1000,
    isAtWork: async (backendPid) => {
      const { isAtWork, blockedBy } = await readBackendWork(address, backendPid);
      for (const blocker of blockedBy) journal.warn(`postgres waits for a lock that is held by ${blocker}`);
      return isAtWork;
    },
  };
}
