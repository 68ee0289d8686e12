import { decodeFrame, encodePage } from '../../src/documents/frame-tasks';
import { lastMarks } from '../../src/documents/marks';
import { scanHits } from '../../src/documents/scan-hits';
import { writeHit, writeMultiResponse, writeResponse } from '../cluster/hostile-documents';

describe('a page in document order as a frame', () => {
  const hit = (number: number, seqNo: number) =>
    writeHit({ id: `"${number}"`, version: '1', seqNo, source: `{"n":${number}}` }, number);
  const numbers = { from: 0, to: 100 };

  it('has the wanted documents ascending by sequence number, and the marks of the highest', () => {
    const page = Buffer.from(
      writeMultiResponse([writeResponse([hit(0, 9), hit(1, 3)]), writeResponse([hit(4, 200), hit(5, 1), hit(6, 5)])]),
    );
    const ordered = { from: 0, to: 6, numbers, asked: [2, 3], multi: true };
    const frame = encodePage({ kind: 'encode', page, ordered, codec: 'gzip' });
    expect([...frame.seqNos]).toEqual([1, 3, 9]);
    const body = decodeFrame({ ...frame, kind: 'decode', codec: 'gzip', documents: 3, drop: new Uint32Array(0) });
    expect(body.toString().match(/\{"n":\d+\}/g)).toEqual(['{"n":5}', '{"n":1}', '{"n":0}']);
    const sorted = Buffer.from(writeResponse([hit(5, 1), hit(1, 3), hit(0, 9)]));
    expect(frame.marks).toEqual(lastMarks(sorted, scanHits(sorted)));
  });

  it('is empty where nothing is wanted', () => {
    const page = Buffer.from(writeResponse([hit(7, 1)]));
    const nothing = encodePage({
      kind: 'encode',
      page,
      ordered: { from: 0, to: 7, numbers, asked: [0], multi: false },
      codec: 'zstd',
    });
    expect([nothing.bytes.length, nothing.rawLength, nothing.seqNos.length, nothing.marks]).toEqual([0, 0, 0, []]);
    const none = encodePage({
      kind: 'encode',
      page: Buffer.from('{"responses":[]}'),
      ordered: { from: 7, to: 9, numbers, asked: [], multi: true },
      codec: 'zstd',
    });
    expect(none.seqNos.length).toBe(0);
  });
});
