import type { TargetAddress } from '../../model/target.js';
import { readBackendWork } from '../../target/connection/backend.js';
import type { StallPolicy } from '../../target/connection/client.js';
import type { Context } from '../context.js';

/**
 * For connections whose statements may rightly take long: a silent server breaks such a connection only when it is not
 * at work for us.
 */
export function stallPolicy({ settings, journal }: Context, address: TargetAddress): StallPolicy {
  return {
    limitMs: settings.stallTimeoutSeconds * 1000,
    isAtWork: async (backendPid) => {
      const { isAtWork, blockedBy } = await readBackendWork(address, backendPid);
      for (const blocker of blockedBy) journal.warn(`postgres waits for a lock that is held by ${blocker}`);
      return isAtWork;
    },
  };
}
