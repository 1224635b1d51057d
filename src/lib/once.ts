/** Does it when it is first asked for. */
export function once<T>(use: () => Promise<T>): () => Promise<T> {
  let done: Promise<T> | null = null;
  return async () => {
    done ??= use();
    return await done;
  };
}
