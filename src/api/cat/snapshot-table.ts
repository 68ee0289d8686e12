import { type CatCell, type CatColumn, type CatTable } from '../../elasticsearch/cat-table';
import { type JsonObject } from '../../elasticsearch/json-value';
import { isoTime } from '../../elasticsearch/values';

const REPOSITORY: CatColumn = { name: 'repository', aliases: 're,repo', description: 'repository name' };

const COLUMNS: readonly CatColumn[] = [
  { name: 'id', aliases: 'id,snapshot', description: 'unique snapshot' },
  REPOSITORY,
  // The description is the engines' own.
  { name: 'status', aliases: 's,status', description: 'snapshot name', isRight: true },
  { name: 'start_epoch', aliases: 'ste,startEpoch', description: 'start time in seconds since 1970-01-01 00:00:00' },
  { name: 'start_time', aliases: 'sti,startTime', description: 'start time in HH:MM:SS' },
  { name: 'end_epoch', aliases: 'ete,endEpoch', description: 'end time in seconds since 1970-01-01 00:00:00' },
  { name: 'end_time', aliases: 'eti,endTime', description: 'end time in HH:MM:SS' },
  { name: 'duration', aliases: 'dur,duration', description: 'duration', isRight: true },
  { name: 'indices', aliases: 'i,indices', description: 'number of indices', isRight: true },
  {
    name: 'successful_shards',
    aliases: 'ss,successful_shards',
    description: 'number of successful shards',
    isRight: true,
  },
  { name: 'failed_shards', aliases: 'fs,failed_shards', description: 'number of failed shards', isRight: true },
  { name: 'total_shards', aliases: 'ts,total_shards', description: 'number of total shards', isRight: true },
  { name: 'reason', aliases: 'r,reason', description: 'reason for failures', isHidden: true },
];

/** The order in which the engines sort states. */
const STATES: readonly string[] = ['IN_PROGRESS', 'SUCCESS', 'FAILED', 'PARTIAL', 'INCOMPATIBLE'];

/** The members of `GET /_snapshot/…` that the table shows. */
interface ShownSnapshot {
  readonly snapshot: string;
  readonly repository: string;
  readonly state: string;
  readonly start_time_in_millis: number;
  readonly end_time_in_millis: number;
  readonly duration_in_millis: number;
  readonly indices: readonly string[];
  readonly shards: { readonly total: number; readonly failed: number; readonly successful: number };
  readonly reason?: string;
}

/** Returns a list of snapshots as a table of `_cat/snapshots`, with a column of repositories where asked for. */
export function snapshotTable(list: JsonObject, withRepository: boolean): CatTable {
  const { snapshots } = list as unknown as { readonly snapshots: readonly ShownSnapshot[] };
  const columns = snapshotColumns(withRepository);
  const rows = snapshots.map((one) => {
    const cells = cellsOf(one);
    return columns.map((column) => cells[COLUMNS.indexOf(column)] ?? null);
  });
  return { columns, rows };
}

/** Returns the columns of `_cat/snapshots`. */
export function snapshotColumns(withRepository: boolean): readonly CatColumn[] {
  return withRepository ? COLUMNS : COLUMNS.filter((column) => column !== REPOSITORY);
}

function cellsOf(shown: ShownSnapshot): CatCell[] {
  const { shards } = shown;
  return [
    shown.snapshot,
    shown.repository,
    { kind: 'word', value: shown.state, order: STATES.indexOf(shown.state) },
    ...timeCells(shown.start_time_in_millis),
    ...timeCells(shown.end_time_in_millis),
    { kind: 'millis', value: shown.duration_in_millis },
    shown.indices.length,
    shards.successful,
    shards.failed,
    shards.total,
    shown.reason ?? null,
  ];
}

function timeCells(millis: number): [number, string] {
  return [Math.floor(millis / 1000), isoTime(millis).slice(11, 19)];
}
