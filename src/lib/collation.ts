/** Whether SQLite has a collation itself (https://www.sqlite.org/datatype3.html, section 7.1); others are the application's. */
export function isBuiltInCollation(name: string): boolean {
  return /^(?:BINARY|NOCASE|RTRIM)$/i.test(name);
}
