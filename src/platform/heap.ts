import { features, memoryUsage } from 'node:process';
import { setFlagsFromString } from 'node:v8';

/*
 * The JavaScript heap of a process that does one piece of work after the other. As long as the machine has memory, V8
 * lets it grow with what survives from piece to piece, its part for young objects up to 32 MB, and never gives that
 * part back by itself; a process that does one piece alone does not live long enough for that.
 */

/** Gives what is to be called after each piece of work: it shrinks a heap that is larger than after the first piece. */
export function holdHeap(): () => Promise<void> {
  let firstBytes: number | null = null;
  return async () => {
    const { heapTotal } = memoryUsage();
    firstBytes ??= heapTotal;
    if (heapTotal > firstBytes) await shrinkHeap();
  };
}

/** Costs some 50 ms of CPU. A Node that was built without its inspector has no such door, and the heap stays as it is. */
async function shrinkHeap(): Promise<void> {
  if (!features.inspector) return;
  const { Session } = await import('node:inspector/promises');
  const session = new Session();
  session.connect();
  try {
    await session.post('HeapProfiler.collectGarbage');
  } finally {
    session.disconnect();
  }
}

/**
 * Keeps V8 from taking more room than the work needs: young objects keep the room that they have now, where V8 doubles it
 * again and again, to 32 MB, as long as many survive; and old ones are looked through once they are twice what survived
 * the last look, where V8 waits until they are four times that. A program that lives for seconds does not earn that room
 * back in time. V8 takes back the first of both whenever a thread starts.
 */
export function limitHeapGrowth(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString('--heap-growing-percent=100');
}
