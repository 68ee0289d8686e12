import { type IRouter } from 'express';
import { type RestoreRequest } from '../../contracts/jobs/restore';
import { javaRename } from '../../elasticsearch/java-rename';
import { type SnapshotService } from '../../jobs/snapshot-service';
import { readBody } from '../fields/read-body';
import { readParameters } from '../fields/read-parameters';
import { JsonBody } from '../http/body';
import { untilClosed } from '../http/request-signal';
import { answer } from '../http/send-answer';
import { RESTORE_SNAPSHOT } from '../requests/restore-snapshot';

/** Adds the route that restores a snapshot. */
export function restoreRoutes(router: IRouter, { restores }: Pick<SnapshotService, 'restores'>): void {
  router.post('/_snapshot/:repository/:snapshot/_restore', async (request, response) => {
    const { waitForCompletion } = readParameters(request, RESTORE_SNAPSHOT.parameters);
    const body = await JsonBody.read(request);
    const { repository, snapshot } = request.params;
    const started = await restores.start({ repository, snapshot, request: parseRestoreBody(body) });
    const json = waitForCompletion ? await started.finished(untilClosed(response)) : { accepted: true };
    answer(request, response, 200, json);
  });
}

function parseRestoreBody(body: JsonBody): RestoreRequest {
  const request = readBody(body, RESTORE_SNAPSHOT.body);
  checkRename(request.renamePattern, request.renameReplacement);
  checkRename(request.renameAliasPattern, request.renameAliasReplacement);
  return request;
}

/** Refuses an unusable pattern before the job starts. One half alone renames nothing, as in Elasticsearch. */
function checkRename(pattern: string | undefined, replacement: string | undefined): void {
  if (pattern !== undefined && replacement !== undefined) javaRename(pattern, replacement);
}
