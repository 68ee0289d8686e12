import { refusing, unread } from '../fields/field-table';
import { byteSize, duration, integer } from '../fields/parameter-kinds';
import { type RequestTable } from './request-table';

const MEGABYTE = 1024 * 1024;
/** A worker holds a blob and what it is compared with, for each call that it makes concurrently. */
const MAX_BLOB_BYTES = 64 * MEGABYTE;
const MAX_TOTAL_BYTES = 64 * 1024 * MEGABYTE;
const MAX_TIMEOUT_MS = 24 * 3_600_000;

function between(otherwise: number, least: number, most: number) {
  return refusing(integer(otherwise), (value) =>
    value >= least && value <= most ? undefined : `[${value}] is not between [${least}] and [${most}]`,
  );
}

export const ANALYZE_REPOSITORY = {
  request: 'POST /_snapshot/{repo}/_analyze',
  parameters: {
    blob_count: { kind: between(100, 1, 100_000), meaning: 'blobs to write, at most 100,000' },
    concurrency: { kind: between(10, 1, 100), meaning: 'calls of all workers together, at most 100' },
    max_blob_size: {
      kind: refusing(byteSize(10 * MEGABYTE), (bytes) =>
        bytes >= 1 && bytes <= MAX_BLOB_BYTES ? undefined : `[max_blob_size] must be between [1b] and [64mb]`,
      ),
      meaning: 'size of the largest blob, at most `64mb`',
    },
    max_total_data_size: {
      kind: refusing(byteSize(1024 * MEGABYTE), (bytes) =>
        bytes <= MAX_TOTAL_BYTES ? undefined : `[max_total_data_size] must be at most [64gb]`,
      ),
      meaning: 'size of all blobs together, at least one byte for each, at most `64gb`',
    },
    read_node_count: { kind: between(10, 1, 1_000), meaning: 'workers that read each blob, at most' },
    register_operation_count: {
      kind: between(10, 0, 1_000),
      meaning: 'keys for which all workers compete by put-if-absent, at most 1,000',
    },
    seed: { kind: integer(0), meaning: 'sizes and contents are made of it; `0`: another one each time' },
    timeout: {
      kind: refusing(duration(30_000), (ms) =>
        ms > 0 && ms <= MAX_TIMEOUT_MS ? undefined : `[timeout] must be more than [0] and at most [24h]`,
      ),
      meaning: 'the analysis fails when it takes longer; default `30s`',
    },
    detailed: { kind: unread(), meaning: 'accepted; the answer holds sums' },
    early_read_node_count: { kind: unread(), meaning: 'accepted; an object is read once it is written' },
    rare_action_probability: { kind: unread(), meaning: 'accepted; there are no rare actions' },
    rarely_abort_writes: { kind: unread(), meaning: 'accepted; there are no rare actions' },
  },
} satisfies RequestTable;
