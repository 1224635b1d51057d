/** How the files of a fleet become one database. */
export type FleetForm = 'schema-per-file' | 'tenant-column';
