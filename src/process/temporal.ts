import { type Client, type Connection, type ConnectionOptions } from '@temporalio/client';
import { encodeSearchAttributeIndexedValueType } from '@temporalio/common/lib/search-attributes';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { NativeConnection } from '@temporalio/worker';
import { SEARCH_ATTRIBUTES } from '../contracts/search-attributes';
import { type Logger } from './logging';

interface TemporalTarget {
  readonly connection: ConnectionOptions;
  readonly namespace: string;
}

/**
 * Returns address and namespace of Temporal by its own conventions: TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE,
 * TEMPORAL_API_KEY, TEMPORAL_TLS_* and profiles of its configuration file.
 */
export function temporalTarget(): TemporalTarget {
  const { connectionOptions, namespace } = loadClientConnectConfig();
  return { connection: connectionOptions, namespace: namespace ?? 'default' };
}

/** Opens the connection of a worker. Throws when Temporal does not answer. */
export function connectWorker(target: TemporalTarget): Promise<NativeConnection> {
  const { address, tls, apiKey, metadata } = target.connection;
  return NativeConnection.connect({ address, tls, apiKey, metadata } as Parameters<typeof NativeConnection.connect>[0]);
}

/**
 * Registers the search attributes by which jobs are found. Returns false and logs if Temporal refuses, as Temporal
 * Cloud does; jobs then run without them. Throws when Temporal does not answer.
 */
export async function ensureSearchAttributes(client: Client, logger: Logger): Promise<boolean> {
  const { operatorService } = client.connection as Connection;
  const namespace = client.options.namespace;
  // Outside of the try block, because a missing answer is not a refusal: the caller retries.
  await (client.connection as Connection).ensureConnected();
  try {
    const { customAttributes } = await operatorService.listSearchAttributes({ namespace });
    const missing = SEARCH_ATTRIBUTES.filter(({ name }) => !Object.hasOwn(customAttributes, name));
    if (missing.length > 0) {
      await operatorService.addSearchAttributes({
        namespace,
        searchAttributes: Object.fromEntries(
          missing.map(({ name, type }) => [name, encodeSearchAttributeIndexedValueType(type) ?? null]),
        ) as Record<string, never>,
      });
    }
    return true;
  } catch (error) {
    logger.warn(
      { reason: (error as Error).message },
      'jobs go without search attributes: they could not be registered',
    );
    return false;
  }
}
