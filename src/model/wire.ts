/** An error as plain data, as it crosses a thread boundary or goes into JSON. */
export interface WireError {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
  readonly table: string | null;
  readonly column: string | null;
  readonly key: string | null;
  readonly exitCode: number;
  /** SQLSTATE or SQLite result code where there is one. */
  readonly foreignCode: string | null;
  readonly stack: string | null;
}

/** The answer of a worker entry. Errors cross as plain data, since postMessage drops their class and code. */
export type JobAnswer<T> =
  | { readonly tag: 'done'; readonly result: T }
  | { readonly tag: 'failed'; readonly error: WireError };
