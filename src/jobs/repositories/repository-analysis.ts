import { randomBytes, randomInt } from 'node:crypto';
import { type analyzeRepositoryWorkflow } from '../../../workflows';
import { repositoryReadonly } from '../../contracts/common-errors';
import { type AnalysisOutcome, type AnalyzeInput, type CallSums } from '../../contracts/jobs/analysis';
import { workerQueue } from '../../contracts/worker-queue';
import { workflowIds } from '../../contracts/workflow-ids';
import { type JsonObject } from '../../elasticsearch/json-value';
import { byteSize, timeValue } from '../../elasticsearch/values';
import { type RepositoryReader } from '../reading/repository-reader';
import { type JobStarter } from '../start/start-job';
import { asSnapkeepError } from '../temporal/temporal-failures';
import { nodeId } from './node-id';
import { type RegistrationsClient } from './registrations-client';
import { type StoreVerifier } from './verify-store';

/** Seeds that are made are of this size at most: what a parameter can repeat. */
const MAX_SEED = 1_000_000_000;
const NANOS = 1_000_000;

/** What a caller asks for; sizes are bytes. */
interface AnalysisRequest {
  readonly blobCount: number;
  readonly concurrency: number;
  readonly maxBlobSize: number;
  readonly maxTotalDataSize: number;
  readonly readNodeCount: number;
  readonly registerOperationCount: number;
  /** 0: another one each time. */
  readonly seed: number;
  /** Ms. */
  readonly timeout: number;
}

/** Measures the stores of repositories, and proves that they keep the promises that snapshots depend on. */
export class RepositoryAnalysis {
  constructor(
    private readonly parts: {
      readonly registrations: RegistrationsClient;
      readonly verifier: StoreVerifier;
      readonly starter: JobStarter;
      readonly reader: RepositoryReader;
      readonly taskQueue: string;
      /** Identity of this process. */
      readonly identity: string;
    },
  ) {}

  /**
   * Analyses the store from all workers, and answers `POST /_snapshot/{repository}/_analyze`. `signal` ends the
   * waiting, not the job. Throws `repository_missing_exception`, `repository_readonly`, and
   * `repository_verification_exception` that names the promise which the store broke.
   */
  async run(repository: string, request: AnalysisRequest, signal: AbortSignal): Promise<JsonObject> {
    const { registrations, verifier, starter, reader, taskQueue } = this.parts;
    const registration = await registrations.get(repository);
    if (reader.isReadonly(registration)) throw repositoryReadonly(repository);
    const workers = await verifier.verify(registration);
    const token = randomBytes(8).toString('hex');
    const input: AnalyzeInput = {
      registration,
      workerQueues: workers.map((identity) => workerQueue(taskQueue, identity)),
      blobs: {
        token,
        seed: request.seed === 0 ? randomInt(1, MAX_SEED) : request.seed,
        count: request.blobCount,
        maxSize: request.maxBlobSize,
        maxTotalSize: request.maxTotalDataSize,
      },
      concurrency: request.concurrency,
      readers: request.readNodeCount,
      contendedKeys: request.registerOperationCount,
      timeoutMs: request.timeout,
      options: starter.jobOptions(),
    };
    const handle = await starter.start<typeof analyzeRepositoryWorkflow>({
      type: 'analyzeRepositoryWorkflow',
      workflowId: workflowIds.analyze(repository, token),
      args: [input],
      kind: 'analyze',
      repository,
      snapshot: '',
      token,
      summary: `analyse the store of ${repository}`,
      details: `Measures the store of repository **${repository}** and proves its promises`,
      check: reader.check(registration),
    });
    try {
      return this.show(input, await starter.result(handle, signal));
    } catch (error) {
      throw asSnapkeepError(error);
    }
  }

  private show(
    { registration, blobs, concurrency, readers, contendedKeys }: AnalyzeInput,
    { writes, reads, listMillis, deleteMillis }: AnalysisOutcome,
  ): JsonObject {
    const { identity } = this.parts;
    return {
      coordinating_node: { id: nodeId(identity), name: identity },
      repository: registration.name,
      blob_count: blobs.count,
      concurrency,
      read_node_count: readers,
      register_operation_count: contendedKeys,
      ...sizeJson('max_blob_size', blobs.maxSize),
      ...sizeJson('max_total_data_size', blobs.maxTotalSize),
      seed: blobs.seed,
      blob_path: `snapkeep-verify-${blobs.token}-`,
      issues_detected: [],
      summary: {
        write: sumsJson(writes),
        read: { ...sumsJson(reads), ...timeJson('max_wait', reads.maxMillis) },
      },
      ...timeJson('listing_elapsed', listMillis),
      ...timeJson('delete_elapsed', deleteMillis),
    };
  }
}

function sumsJson({ count, bytes, millis }: CallSums): JsonObject {
  return { count, ...sizeJson('total_size', bytes), ...timeJson('total_elapsed', millis) };
}

function sizeJson(name: string, bytes: number): JsonObject {
  return { [name]: byteSize(bytes), [`${name}_bytes`]: bytes };
}

function timeJson(name: string, millis: number): JsonObject {
  return { [name]: timeValue(millis), [`${name}_nanos`]: Math.round(millis * NANOS) };
}
