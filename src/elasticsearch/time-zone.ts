/**
 * Returns the ms by which the wall clock of a zone is ahead of UTC at a moment. A zone is `UTC`, `Z`, an offset such as
 * `+02:00`, or a name such as `Europe/Berlin`. Throws `RangeError` when there is no such zone.
 */
export function zoneOffset(zone: string, at: number): number {
  if (zone === 'UTC' || zone === 'Z') return 0;
  const fixed = /^([+-])(\d{1,2})(?::?(\d{2}))?$/.exec(zone);
  if (fixed !== null) return (fixed[1] === '-' ? -1 : 1) * (Number(fixed[2]) * 60 + Number(fixed[3] ?? 0)) * 60_000;
  const parts = formatOf(zone).formatToParts(at);
  const shown = parts.find((part) => part.type === 'timeZoneName')?.value ?? 'GMT';
  return shown === 'GMT' ? 0 : zoneOffset(shown.slice(3), at);
}

const MAX_FORMATS = 100;
const formats = new Map<string, Intl.DateTimeFormat>();

/** Returns the format that prints the offset of a zone. It is kept, because making one takes long. */
function formatOf(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone);
  if (known !== undefined) return known;
  const format = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' });
  if (formats.size >= MAX_FORMATS) formats.clear();
  formats.set(zone, format);
  return format;
}
