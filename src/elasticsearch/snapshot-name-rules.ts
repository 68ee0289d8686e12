/** Elasticsearch's rules for names of snapshots and repositories, in its words. */
import { invalidSnapshotName } from '../contracts/common-errors';
import { SnapkeepError } from '../contracts/errors';

const FILE_NAME_CHARACTERS = /[\\/*?"<>| ,]/;
const FILE_NAME_CHARACTERS_SHOWN = `['\\','/','*','?','"','<','>','|',' ',',']`;
/** Refused because names become part of workflow ids and object keys. */
// eslint-disable-next-line no-control-regex
const CONTROL_CHARACTERS = /[\u0000-\u001f\u007f]/;
/** The limit of index names. A workflow id holds both names and must stay below 1,000 bytes. */
const MAX_BYTES = 255;

/** Throws `invalid_snapshot_name_exception` when no snapshot can be created under this name. */
export function checkSnapshotName(repository: string, name: string): void {
  const problem = snapshotNameProblem(name);
  if (problem !== undefined) throw invalidSnapshotName(repository, name, problem);
}

/** Returns why no snapshot can have this name; undefined if one can. */
export function snapshotNameProblem(name: string): string | undefined {
  if (name === '') return 'cannot be empty';
  if (/\s/.test(name)) return 'must not contain whitespace';
  if (name.includes(',')) return `must not contain ','`;
  if (name.includes('#')) return `must not contain '#'`;
  if (name.startsWith('_')) return `must not start with '_'`;
  if (name !== name.toLowerCase()) return 'must be lowercase';
  return problemOfFileName(name);
}

/** Throws `repository_settings_invalid` when no repository can be registered under this name. */
export function checkRepositoryName(name: string): void {
  const problem =
    name === ''
      ? 'cannot be empty'
      : name.includes('#')
        ? `must not contain '#'`
        : name.startsWith('_')
          ? `must not start with '_'`
          : problemOfFileName(name);
  if (problem === undefined) return;
  throw new SnapkeepError('repository_settings_invalid', `[${name}] Invalid repository name [${name}], ${problem}`, {
    details: { repository: name },
  });
}

/** Returns why nothing that is kept as a file can have this name; undefined if it can. */
export function problemOfFileName(name: string): string | undefined {
  if (FILE_NAME_CHARACTERS.test(name)) {
    return `must not contain the following characters ${FILE_NAME_CHARACTERS_SHOWN}`;
  }
  if (CONTROL_CHARACTERS.test(name)) return 'must not contain control characters';
  if (name === '.' || name === '..') return `must not be '.' or '..'`;
  if (Buffer.byteLength(name) > MAX_BYTES) return `is too long, must not be longer than ${MAX_BYTES} bytes`;
  return undefined;
}
