import { type IRouter, type Request, type Response } from 'express';
import {
  type CatColumn,
  catObjects,
  type CatOptions,
  type CatTable,
  printCatHelp,
  printCatTable,
} from '../../elasticsearch/cat-table';
import { splitNames } from '../../elasticsearch/name-lists';
import { type SnapshotService } from '../../jobs/snapshot-service';
import { RECOVERY_COLUMNS, recoveryTable } from '../cat/recovery-table';
import { REPOSITORY_COLUMNS, repositoryTable } from '../cat/repository-table';
import { snapshotColumns, snapshotTable } from '../cat/snapshot-table';
import { readParameters } from '../fields/read-parameters';
import { askedType } from '../http/answer-type';
import { answer, answerDialect, answerText } from '../http/send-answer';
import { mergedRecoveries } from '../proxy/merged-recoveries';
import { relay, type Upstream } from '../proxy/upstream';
import { CAT_RECOVERY, CAT_REPOSITORIES, CAT_SNAPSHOTS, CAT_TABLE } from '../requests/cat';

/** The tables that Snapkeep answers itself; the others are the cluster's. */
export const CAT_PATHS = ['/_cat/snapshots', '/_cat/repositories', '/_cat/recovery'];

interface CatParameters extends CatOptions {
  readonly help: boolean;
}

/** Adds the tables of snapshots, repositories and recoveries. Other methods are refused by the cluster. */
export function catRoutes(
  router: IRouter,
  service: Pick<SnapshotService, 'list' | 'repositories' | 'recoveries'>,
  upstream: Upstream,
): void {
  router.get(['/_cat/snapshots', '/_cat/snapshots/:repository'], async (request, response, next) => {
    if (request.method !== 'GET') return next();
    const parameters = readParameters(request, { ...CAT_TABLE.parameters, ...CAT_SNAPSHOTS.parameters });
    const { listsRepositories } = answerDialect(response);
    if (parameters.help) return help(request, response, snapshotColumns(listsRepositories));
    const { repository = '_all' } = request.params as { repository?: string };
    const list = await service.list.show({ ...EVERY_SNAPSHOT, repositories: splitNames(repository) });
    show(request, response, snapshotTable(list, listsRepositories), parameters);
  });

  router.get('/_cat/repositories', async (request, response, next) => {
    if (request.method !== 'GET') return next();
    const parameters = readParameters(request, { ...CAT_TABLE.parameters, ...CAT_REPOSITORIES.parameters });
    if (parameters.help) return help(request, response, REPOSITORY_COLUMNS);
    show(request, response, repositoryTable(await service.repositories.show(['_all'])), parameters);
  });

  router.get(['/_cat/recovery', '/_cat/recovery/:index'], async (request, response, next) => {
    if (request.method !== 'GET') return next();
    const { activeOnly, index, expandWildcards, ...parameters } = readParameters(request, {
      ...CAT_TABLE.parameters,
      ...CAT_RECOVERY.parameters,
    });
    if (parameters.help) return help(request, response, RECOVERY_COLUMNS);
    const found = await mergedRecoveries(request, upstream, service, {
      expression: (request.params as { index?: string }).index ?? index,
      query: new Map(expandWildcards === undefined ? [] : [['expand_wildcards', expandWildcards]]),
      activeOnly,
      detailed: false,
      human: false,
    });
    if ('refused' in found) relay(response, found.refused);
    else show(request, response, recoveryTable(found.json, answerDialect(response).sizesHaveUnits), parameters);
  });
}

const EVERY_SNAPSHOT = {
  snapshots: ['_all'],
  ignoreUnavailable: false,
  verbose: true,
  indexDetails: false,
  indexNames: true,
  includeRepository: true,
  page: { sort: 'start_time', order: 'asc', size: -1, offset: 0 },
} as const;

/** Answers with text, or in the form that the caller asks for. */
function show(request: Request, response: Response, table: CatTable, parameters: CatParameters): void {
  const type = askedType(request, answerDialect(response));
  if (type === undefined) answerText(request, response, printCatTable(table, parameters));
  else answer(request, response, 200, catObjects(table, parameters));
}

function help(request: Request, response: Response, columns: readonly CatColumn[]): void {
  answerText(request, response, printCatHelp(columns));
}
