import { type CatColumn, type CatTable } from '../../elasticsearch/cat-table';
import { type JsonObject } from '../../elasticsearch/json-value';

export const REPOSITORY_COLUMNS: readonly CatColumn[] = [
  { name: 'id', aliases: 'id,repoId', description: 'unique repository id' },
  { name: 'type', aliases: 't,type', description: 'repository type', isRight: true },
];

/** Returns `GET /_snapshot` as a table of `_cat/repositories`. */
export function repositoryTable(repositories: JsonObject): CatTable {
  const all = Object.entries(repositories as Record<string, { readonly type: string }>);
  return { columns: REPOSITORY_COLUMNS, rows: all.map(([name, { type }]) => [name, type]) };
}
