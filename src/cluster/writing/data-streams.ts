/** Requests that make and change data streams. */
import { type DataStream } from '../../contracts/data-stream';
import { readDataStreams } from '../facts/data-streams';
import { type ClusterHttp } from '../http/cluster-http';

/** Returns the data stream; undefined if there is none of this name. */
export async function findDataStream(
  http: ClusterHttp,
  name: string,
  signal?: AbortSignal,
): Promise<DataStream | undefined> {
  return (await readDataStreams(http, signal)).find((stream) => stream.name === name);
}

/** Makes a data stream with an empty backing index, from the template that matches it. */
export async function createDataStream(http: ClusterHttp, name: string, signal?: AbortSignal): Promise<void> {
  await http.request({ method: 'PUT', path: `/_data_stream/${encodeURIComponent(name)}`, signal });
}

/** Deletes a data stream with its backing indices; a missing one is not an error. */
export async function deleteDataStream(http: ClusterHttp, name: string, signal?: AbortSignal): Promise<void> {
  const accept = (status: number): boolean => status < 400 || status === 404;
  await http.request({ method: 'DELETE', path: `/_data_stream/${encodeURIComponent(name)}`, accept, signal });
}

/** Gives a data stream a new, empty write index. */
export async function rolloverDataStream(http: ClusterHttp, name: string, signal?: AbortSignal): Promise<void> {
  await http.request({
    method: 'POST',
    path: `/${encodeURIComponent(name)}/_rollover`,
    query: { wait_for_active_shards: 0 },
    signal,
  });
}

/** Makes the indices backing indices of a data stream, all or none. */
export async function addBackingIndices(
  http: ClusterHttp,
  name: string,
  indices: readonly string[],
  signal?: AbortSignal,
): Promise<void> {
  const actions = indices.map((index) => ({ add_backing_index: { data_stream: name, index } }));
  await http.request({ method: 'POST', path: '/_data_stream/_modify', body: JSON.stringify({ actions }), signal });
}

/** Puts an index template. `body` is JSON text. */
export async function putIndexTemplate(
  http: ClusterHttp,
  name: string,
  body: string,
  signal?: AbortSignal,
): Promise<void> {
  await http.request({ method: 'PUT', path: `/_index_template/${encodeURIComponent(name)}`, body, signal });
}
