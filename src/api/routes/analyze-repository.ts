import { type IRouter } from 'express';
import { type SnapshotService } from '../../jobs/snapshot-service';
import { readParameters } from '../fields/read-parameters';
import { illegal } from '../http/illegal-argument';
import { untilClosed } from '../http/request-signal';
import { answer } from '../http/send-answer';
import { ANALYZE_REPOSITORY } from '../requests/analyze-repository';

/** Adds the route that measures the store of a repository and proves its promises. */
export function analyzeRepositoryRoutes(router: IRouter, { analysis }: Pick<SnapshotService, 'analysis'>): void {
  router.post('/_snapshot/:repository/_analyze', async (request, response) => {
    const asked = readParameters(request, ANALYZE_REPOSITORY.parameters);
    if (asked.maxTotalDataSize < asked.blobCount) {
      throw illegal('[max_total_data_size] must be at least [1b] for each of [blob_count]');
    }
    const { repository } = request.params;
    answer(request, response, 200, await analysis.run(repository, asked, untilClosed(response)));
  });
}
