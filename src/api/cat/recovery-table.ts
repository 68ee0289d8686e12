import { type CatCell, type CatColumn, type CatTable } from '../../elasticsearch/cat-table';
import { type JsonObject } from '../../elasticsearch/json-value';
import { isoTime } from '../../elasticsearch/values';

export const RECOVERY_COLUMNS: readonly CatColumn[] = [
  { name: 'index', aliases: 'i,idx', description: 'index name' },
  { name: 'shard', aliases: 's,sh', description: 'shard name' },
  { name: 'start_time', aliases: 'start', description: 'recovery start time', isHidden: true },
  {
    name: 'start_time_millis',
    aliases: 'start_millis',
    description: 'recovery start time in epoch milliseconds',
    isHidden: true,
  },
  { name: 'stop_time', aliases: 'stop', description: 'recovery stop time', isHidden: true },
  {
    name: 'stop_time_millis',
    aliases: 'stop_millis',
    description: 'recovery stop time in epoch milliseconds',
    isHidden: true,
  },
  { name: 'time', aliases: 't,ti', description: 'recovery time' },
  { name: 'type', aliases: 'ty', description: 'recovery type' },
  { name: 'stage', aliases: 'st', description: 'recovery stage' },
  { name: 'source_host', aliases: 'shost', description: 'source host' },
  { name: 'source_node', aliases: 'snode', description: 'source node name' },
  { name: 'target_host', aliases: 'thost', description: 'target host' },
  { name: 'target_node', aliases: 'tnode', description: 'target node name' },
  { name: 'repository', aliases: 'rep', description: 'repository' },
  { name: 'snapshot', aliases: 'snap', description: 'snapshot' },
  { name: 'files', aliases: 'f', description: 'number of files to recover' },
  { name: 'files_recovered', aliases: 'fr', description: 'files recovered' },
  { name: 'files_percent', aliases: 'fp', description: 'percent of files recovered' },
  { name: 'files_total', aliases: 'tf', description: 'total number of files' },
  { name: 'bytes', aliases: 'b', description: 'number of bytes to recover' },
  { name: 'bytes_recovered', aliases: 'br', description: 'bytes recovered' },
  { name: 'bytes_percent', aliases: 'bp', description: 'percent of bytes recovered' },
  { name: 'bytes_total', aliases: 'tb', description: 'total number of bytes' },
  { name: 'translog_ops', aliases: 'to', description: 'number of translog ops to recover' },
  { name: 'translog_ops_recovered', aliases: 'tor', description: 'translog ops recovered' },
  { name: 'translog_ops_percent', aliases: 'top', description: 'percent of translog ops recovered' },
];

/** The members of a shard in `_recovery` that the table shows. */
interface ShownShard {
  readonly id: number;
  readonly type: string;
  readonly stage: string;
  readonly start_time_in_millis: number;
  readonly stop_time_in_millis?: number;
  readonly total_time_in_millis: number;
  readonly source: Place;
  readonly target: Place;
  readonly index: {
    readonly size: {
      readonly total_in_bytes: number;
      readonly reused_in_bytes: number;
      readonly recovered_in_bytes: number;
      readonly percent: string;
    };
    readonly files: {
      readonly total: number;
      readonly reused: number;
      readonly recovered: number;
      readonly percent: string;
    };
  };
  readonly translog: { readonly total: number; readonly recovered: number; readonly percent: string };
}

interface Place {
  readonly host?: string;
  readonly name?: string;
  readonly repository?: string;
  readonly snapshot?: string;
}

/** Returns `_recovery` as a table of `_cat/recovery`. Sizes without units are plain numbers. */
export function recoveryTable(recoveries: JsonObject, sizesHaveUnits: boolean): CatTable {
  const indices = Object.entries(recoveries as unknown as Record<string, { readonly shards: readonly ShownShard[] }>);
  const rows = indices.flatMap(([index, { shards }]) =>
    shards.toSorted((a, b) => a.id - b.id).map((shard) => rowOf(index, shard, sizesHaveUnits)),
  );
  return { columns: RECOVERY_COLUMNS, rows };
}

function rowOf(index: string, shard: ShownShard, sizesHaveUnits: boolean): CatCell[] {
  const { source, target, translog } = shard;
  const { files, size } = shard.index;
  const stopMillis = shard.stop_time_in_millis ?? 0;
  const none = 'n/a';
  const bytes = (value: number): CatCell => (sizesHaveUnits ? { kind: 'bytes', value } : value);
  return [
    index,
    shard.id,
    isoTime(shard.start_time_in_millis),
    shard.start_time_in_millis,
    isoTime(stopMillis),
    stopMillis,
    { kind: 'millis', value: shard.total_time_in_millis },
    shard.type.toLowerCase(),
    shard.stage.toLowerCase(),
    source.host ?? none,
    source.name ?? none,
    target.host ?? none,
    target.name ?? none,
    source.repository ?? none,
    source.snapshot ?? none,
    files.total - files.reused,
    files.recovered,
    files.percent,
    files.total,
    bytes(size.total_in_bytes - size.reused_in_bytes),
    bytes(size.recovered_in_bytes),
    size.percent,
    bytes(size.total_in_bytes),
    translog.total,
    translog.recovered,
    translog.percent,
  ];
}
