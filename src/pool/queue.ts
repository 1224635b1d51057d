import type { Chunk } from '../model/plan.js';

export interface QueueOptions {
  /**
   * Table names per layer, in the order in which tables are taken within a layer. Without barriers all layers are one,
   * and the biggest tables come first.
   */
  readonly layers: readonly (readonly string[])[];
  readonly chunks: ReadonlyMap<string, readonly Chunk[]>;
  /** True while foreign keys are in force: a layer opens only when every earlier one is done. */
  readonly isBarrier: boolean;
}

/**
 * Remembers what is still to copy. A chunk is waiting, running or done; a table is done when all its
 * chunks are; with barriers, a chunk is offered only when its layer is open.
 */
export class Queue {
  readonly #waiting: Chunk[][];
  readonly #openChunks: number[];
  readonly #layerOf = new Map<string, number>();
  readonly #openOfTable = new Map<string, number>();
  readonly #isBarrier: boolean;

  constructor(options: QueueOptions) {
    this.#isBarrier = options.isBarrier;
    const layers = options.isBarrier ? options.layers : [biggestFirst(options)];
    this.#waiting = layers.map((tables) => tables.flatMap((table) => options.chunks.get(table) ?? []));
    this.#openChunks = this.#waiting.map((chunks) => chunks.length);
    layers.forEach((tables, layer) => {
      for (const table of tables) {
        this.#layerOf.set(table, layer);
        this.#openOfTable.set(table, options.chunks.get(table)?.length ?? 0);
      }
    });
  }

  /**
   * The next chunk that may start now; null where all are running, done, or behind a barrier, or where this one is not
   * accepted. It is to travel behind the chunks of `job`, so these stand before no barrier: the rows that it refers to are
   * in its own transaction.
   */
  take(accepts: (next: Chunk) => boolean = () => true, job: readonly Chunk[] = []): Chunk | null {
    for (let layer = 0; layer < this.#waiting.length; layer++) {
      const [next] = this.#waiting[layer] ?? [];
      if (next !== undefined) return accepts(next) ? (this.#waiting[layer]?.shift() ?? null) : null;
      if (!this.#isBarrier) continue;
      const ahead = job.filter((chunk) => this.#layer(chunk) === layer).length;
      if ((this.#openChunks[layer] ?? 0) > ahead) return null;
    }
    return null;
  }

  /** Puts a failed chunk back at the front of its layer. */
  putBack(chunk: Chunk): void {
    this.#waiting[this.#layer(chunk)]?.unshift(chunk);
  }

  /** Notes a chunk as done, and says whether that completed its table. */
  markDone(chunk: Chunk): { readonly isTableDone: boolean } {
    const layer = this.#layer(chunk);
    this.#openChunks[layer] = (this.#openChunks[layer] ?? 0) - 1;
    const open = (this.#openOfTable.get(chunk.table) ?? 0) - 1;
    this.#openOfTable.set(chunk.table, open);
    return { isTableDone: open === 0 };
  }

  #layer(chunk: Chunk): number {
    const layer = this.#layerOf.get(chunk.table);
    if (layer === undefined) throw new Error(`assertion failed: ${chunk.table} is in no layer`);
    return layer;
  }
}

function biggestFirst({ layers, chunks }: QueueOptions): string[] {
  const bytesOf = (table: string) => (chunks.get(table) ?? []).reduce((sum, chunk) => sum + chunk.estimatedBytes, 0);
  return layers.flat().sort((a, b) => bytesOf(b) - bytesOf(a));
}
