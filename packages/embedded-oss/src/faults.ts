import { type OssErrorCode } from './oss-error';

/** What a test's hook sees of a request, before its signature is checked. */
export interface FaultRequest {
  readonly method: string;
  readonly bucket: string | undefined;
  /** As text; '' for the bucket itself. */
  readonly key: string;
  readonly query: ReadonlyMap<string, string>;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * What goes wrong with a request, for tests of clients:
 * - an error answer (any status; a code makes it an error document);
 * - `reset`: the connection is reset before anything is done;
 * - `stall`: nothing is done and nothing answered;
 * - `lose-answer`: everything is done, then the connection is reset in place of the answer;
 * - `cut-body`, `stall-body`: the answer's body stops half-way, with the connection reset or left open;
 * - `corrupt-body`: one bit of the answer's body is flipped.
 */
export type OssFault =
  | {
      readonly status: number;
      readonly code?: OssErrorCode | (string & {});
      readonly message?: string;
      readonly endpoint?: string;
    }
  | 'reset'
  | 'stall'
  | 'lose-answer'
  | 'cut-body'
  | 'stall-body'
  | 'corrupt-body';
