import { requireNoFailure } from '../../src/cluster/reading/multi-search-failure';
import { writeHit, writeMultiResponse, writeResponse } from './hostile-documents';

const LOST = {
  error: { root_cause: [{ type: 'search_context_missing_exception', reason: 'No search context found for id [1]' }] },
};
const lost = JSON.stringify({ ...LOST, status: 404 });
const whole = writeResponse([writeHit({ id: '"a"', version: '1', seqNo: 0, source: '{}' })]);

describe('a multi-search of which a search failed', () => {
  it.each([
    ['first', `{"took":1,"responses":[${lost},${whole}]}`],
    ['last', `{"took":1,"responses":[${whole},${lost}]}`],
  ])('fails as the search does that failed, the %s', (_, body) => {
    expect(() => requireNoFailure(Buffer.from(body))).toThrow(expect.objectContaining({ code: 'view_lost' }));
  });

  it('is not taken for one because a document holds such text', () => {
    const source = `{"logged":[${lost},${lost}]}`;
    const page = writeMultiResponse([whole, writeResponse([writeHit({ id: '"b"', version: '1', seqNo: 1, source })])]);
    expect(() => requireNoFailure(Buffer.from(page))).not.toThrow();
    expect(() => requireNoFailure(Buffer.from(`${page.slice(0, -2)},{"error":`))).not.toThrow();
  });
});
