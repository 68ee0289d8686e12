/** Input and result of the workflow that analyses a repository's store. Sizes are bytes, times are ms. */
import { type Registration } from '../registration';
import { type JobOptions } from './job';

/** The blobs of an analysis; every worker derives their keys, sizes and contents from it. */
export interface AnalysisBlobs {
  /** Part of every key: `[A-Za-z0-9_-]+`. */
  readonly token: string;
  readonly seed: number;
  readonly count: number;
  readonly maxSize: number;
  readonly maxTotalSize: number;
}

export interface AnalyzeInput {
  readonly registration: Registration;
  /** Task queues of the workers that take part. */
  readonly workerQueues: readonly string[];
  readonly blobs: AnalysisBlobs;
  /** Blobs that all workers together write, or read, concurrently. */
  readonly concurrency: number;
  /** Workers that read each blob, at most. */
  readonly readers: number;
  /** Keys for which all workers compete. */
  readonly contendedKeys: number;
  readonly timeoutMs: number;
  readonly options: JobOptions;
}

/** Sums over the calls of one kind. */
export interface CallSums {
  readonly count: number;
  readonly bytes: number;
  readonly millis: number;
  readonly maxMillis: number;
}

/** The calls of no kind. */
export const NO_CALLS: CallSums = { count: 0, bytes: 0, millis: 0, maxMillis: 0 };

/** Returns the sums of two sums. */
export function addCalls(a: CallSums, b: CallSums): CallSums {
  return {
    count: a.count + b.count,
    bytes: a.bytes + b.bytes,
    millis: a.millis + b.millis,
    maxMillis: Math.max(a.maxMillis, b.maxMillis),
  };
}

export interface AnalysisOutcome {
  readonly writes: CallSums;
  readonly reads: CallSums;
  readonly listMillis: number;
  readonly deleteMillis: number;
}

/** A worker's part of an analysis: every `of`-th blob, from blob number `part` on. */
export interface AnalysisPart {
  readonly registration: Registration;
  readonly blobs: AnalysisBlobs;
  readonly part: number;
  readonly of: number;
  /** Calls that the worker makes concurrently. */
  readonly concurrency: number;
}

/** The worker's attempts to put the keys for which all workers compete. */
export interface ContendedPart extends AnalysisPart {
  readonly keys: number;
}
