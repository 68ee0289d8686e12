import { type DataStream } from '../../contracts/data-stream';
import { type ClusterHttp } from '../http/cluster-http';
import { isAnswer } from '../http/is-answer';

/** Enough for a hundred thousand backing indices. */
const MAX_BYTES = 256 * 1024 * 1024;

/** A data stream in the cluster's answer; members that versions lack are unset. */
interface ShownStream {
  readonly name?: string;
  readonly timestamp_field?: { readonly name?: string };
  readonly indices?: readonly { readonly index_name?: string }[];
  readonly generation?: number;
  readonly template?: string;
  readonly hidden?: boolean;
  readonly system?: boolean;
  readonly allow_custom_routing?: boolean;
  readonly _meta?: object;
}

/** Returns all data streams of the cluster, hidden ones too; none if it has no such thing or does not show them. */
export async function readDataStreams(http: ClusterHttp, signal?: AbortSignal): Promise<DataStream[]> {
  const read = async (query: Record<string, string>): Promise<readonly ShownStream[] | undefined> => {
    const request = { method: 'GET', path: '/_data_stream', query, accept: isAnswer, maxBytes: MAX_BYTES } as const;
    const { status, body } = await http.request({ ...request, signal });
    if (status !== 200) return undefined;
    return (JSON.parse(body.toString('utf8')) as { data_streams?: ShownStream[] }).data_streams;
  };
  const shown = (await read({ expand_wildcards: 'all' })) ?? (await read({})) ?? [];
  return shown.flatMap((one) => (one.name === undefined ? [] : [{ ...factsOf(one), name: one.name }]));
}

function factsOf(one: ShownStream): Omit<DataStream, 'name'> {
  const { template, hidden, system, allow_custom_routing: allowCustomRouting, _meta: meta } = one;
  return {
    timestampField: one.timestamp_field?.name ?? '@timestamp',
    generation: one.generation ?? 1,
    indices: (one.indices ?? []).flatMap(({ index_name: name }) => name ?? []),
    ...(template === undefined ? {} : { template }),
    ...(hidden === undefined ? {} : { hidden }),
    ...(system === undefined ? {} : { system }),
    ...(allowCustomRouting === undefined ? {} : { allowCustomRouting }),
    ...(meta === undefined ? {} : { meta: JSON.stringify(meta) }),
  };
}
