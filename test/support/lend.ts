import { after, before } from 'node:test';

/**
 * What a `with…` function lends, for all tests of a file: made before the first of them, and taken back after the last.
 * Gives back a function that tests call for it.
 */
export function lendToFile<T>(lend: (use: (lent: T) => Promise<void>) => Promise<void>): () => T {
  let lent: { readonly value: T } | null = null;
  let release = (): void => {};
  let lending: Promise<void> = Promise.resolve();
  before(async () => {
    const isOver = new Promise<void>((resolve) => {
      release = resolve;
    });
    await new Promise<void>((resolve, reject) => {
      lending = lend(async (value) => {
        lent = { value };
        resolve();
        await isOver;
      });
      lending.catch(reject);
    });
  });
  after(async () => {
    release();
    await lending;
  });
  return () => {
    if (lent === null) throw new Error('tests alone may ask for it');
    return lent.value;
  };
}
