/** Prints a time as OSS does in documents: whole seconds, with the milliseconds that clients expect to be 000. */
export function ossTime(milliseconds: number): string {
  return new Date(Math.floor(milliseconds / 1000) * 1000).toISOString();
}
