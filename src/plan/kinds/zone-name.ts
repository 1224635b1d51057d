/** Whether texts can be read as local time of this zone: an offset such as +05:30, or an IANA name that this Node knows. */
export function isZoneName(zone: string): boolean {
  if (/^[+-](0\d|1[0-5])(:?[0-5]\d)?$/.test(zone)) return true;
  try {
    return (
      new Intl.DateTimeFormat('en-US', { timeZone: zone }).resolvedOptions().timeZone !== '' && !/^[+-]/.test(zone)
    );
  } catch {
    return false;
  }
}
