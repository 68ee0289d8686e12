import { type BenchHttp } from '../support/http';
import { inFlight } from '../support/in-flight';
import { elapsed } from '../support/statistics';
import { type Taken } from './contender';

const RANGE = 10_000;
const IN_FLIGHT = 3;

/**
 * Does the least that any reader over HTTP has to do: reads every document once, by ranges of sequence numbers in a
 * point in time of each shard, and ignores the bytes. The time that Snapkeep takes beyond that is its own cost.
 */
export async function readBare(http: BenchHttp, index: string, shards: number): Promise<Taken> {
  let bytes = 0;
  const ms = await elapsed(async () => {
    for (let shard = 0; shard < shards; shard++) bytes += await readShard(http, index, shard);
  });
  return { ms, bytes };
}

async function readShard(http: BenchHttp, index: string, shard: number): Promise<number> {
  const { pit_id: id } = await http.json<{ pit_id: string }>(
    'POST',
    `/${index}/_search/point_in_time?keep_alive=5m&preference=_shards:${shard}&allow_partial_pit_creation=false`,
  );
  const search = (body: object): Promise<ArrayBuffer> =>
    // Without `filter_path`: with it the cluster parses and prints every document again, which doubles the time.
    http.bytes('POST', '/_search?allow_partial_search_results=false', JSON.stringify({ pit: { id }, ...body }));
  try {
    const { aggregations } = await http.json<{ aggregations: { max: { value: number } } }>('POST', '/_search', {
      pit: { id },
      size: 0,
      aggs: { max: { max: { field: '_seq_no' } } },
    });
    const ranges: number[] = [];
    for (let from = 0; from <= aggregations.max.value; from += RANGE) ranges.push(from);
    let bytes = 0;
    await inFlight(ranges, IN_FLIGHT, async (from) => {
      const answer = await search({
        size: RANGE,
        query: { range: { _seq_no: { gte: from, lt: from + RANGE } } },
        sort: [{ _seq_no: 'asc' }],
        version: true,
        seq_no_primary_term: true,
        track_total_hits: false,
      });
      bytes += answer.byteLength;
    });
    return bytes;
  } finally {
    await http.json('DELETE', '/_search/point_in_time', { pit_id: [id] });
  }
}
