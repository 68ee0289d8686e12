import { readFileSync } from 'node:fs';

/** Clock ticks of /proc a second: fixed for programs on Linux, whatever the kernel's own timer. */
const TICKS_PER_SECOND = 100;
/** Positions of `utime` and `stime` behind the command's name, which may hold spaces. */
const USER = 11;
const SYSTEM = 12;

/** Returns the processor seconds that a process took since it started, of all its threads, ended ones included. */
export function processorSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[USER]) + Number(fields[SYSTEM])) / TICKS_PER_SECOND;
}
