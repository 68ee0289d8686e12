import { type IncomingMessage } from 'node:http';
import { type JsonObject } from '../../elasticsearch/json-value';
import { type Upstream } from './upstream';

interface StatusShard extends JsonObject {
  readonly stage: string;
}

interface StatusIndices {
  readonly [index: string]: { readonly shards: Readonly<Record<string, StatusShard>> } & JsonObject;
}

interface StatusAnswer {
  readonly snapshots: readonly ({ readonly indices: StatusIndices } & JsonObject)[];
}

/** Stages in which the engines tell the node that works on a shard. */
const AT_WORK: ReadonlySet<string> = new Set(['INIT', 'STARTED', 'FINALIZE']);

/**
 * Returns `_status` with the node of each shard that is being copied: the one that holds its primary. Shards whose
 * node the cluster does not tell this caller stay as they are.
 */
export async function withNodes(caller: IncomingMessage, upstream: Upstream, json: JsonObject): Promise<JsonObject> {
  const { snapshots } = json as unknown as StatusAnswer;
  const isAtWork = snapshots.some(({ indices }) =>
    Object.values(indices).some(({ shards }) => Object.values(shards).some(({ stage }) => AT_WORK.has(stage))),
  );
  if (!isAtWork) return json;
  const nodes = await primaryNodes(caller, upstream);
  const withNode = (index: string, number: string, shard: StatusShard): StatusShard => {
    const node = AT_WORK.has(shard.stage) ? nodes.get(`${number} ${index}`) : undefined;
    return node === undefined ? shard : { ...shard, node };
  };
  return {
    ...json,
    snapshots: snapshots.map((snapshot) => ({
      ...snapshot,
      indices: mapMembers(snapshot.indices, (one, index) => ({
        ...one,
        shards: mapMembers(one.shards, (shard, number) => withNode(index, number, shard)),
      })),
    })) as unknown as JsonObject[],
  };
}

/** Returns the ids of the nodes that hold primaries, by shard and index. */
async function primaryNodes(caller: IncomingMessage, upstream: Upstream): Promise<ReadonlyMap<string, string>> {
  const target = '/_cat/shards?format=json&h=index,shard,prirep,id';
  const answer = await upstream.ask(caller, target).catch(() => undefined);
  if (answer?.status !== 200) return new Map();
  const rows = JSON.parse(answer.body.toString('utf8')) as readonly Readonly<Record<string, string | null>>[];
  return new Map(
    rows.flatMap(({ index, shard, prirep, id }) =>
      prirep === 'p' && typeof id === 'string' ? [[`${shard} ${index}`, id] as const] : [],
    ),
  );
}

function mapMembers<Member, Result>(
  members: Readonly<Record<string, Member>>,
  convert: (member: Member, name: string) => Result,
): Record<string, Result> {
  return Object.fromEntries(Object.entries(members).map(([name, member]) => [name, convert(member, name)]));
}
