import { type BodyTable } from '../fields/read-body';
import { type ParameterTable } from '../fields/read-parameters';

/** Parameters and body fields of one kind of request. docs/api.md is printed from every table in this folder. */
export interface RequestTable {
  /** Method and path in docs/api.md. */
  readonly request: string;
  readonly parameters: ParameterTable;
  readonly body?: BodyTable;
}
