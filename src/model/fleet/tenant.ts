/** Where the tables of one tenant belong: to the tables of `schema` that are partitioned by `column`, as those of `value`. */
export interface TenantPartition {
  readonly schema: string;
  readonly column: string;
  readonly value: string;
}
