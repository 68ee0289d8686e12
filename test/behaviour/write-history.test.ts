import { type ShownDocument, type Write, WriteHistory } from '../support/write-history';

/** What the random writers' checks are worth: a moment that never was has to be found out. */

let seqNo: number;
beforeEach(() => {
  seqNo = 0;
});

/** A write at a moment of its own, or overlapping others. */
function write(id: string, version: number, body: string, sent: number, acknowledged = sent + 0.5): Write {
  const action = body === '' ? 'delete' : 'index';
  return { id, action, routing: undefined, body, seqNo: seqNo++, version: String(version), sent, acknowledged };
}

function shown(documents: Record<string, [version: number, source: string]>): Map<string, ShownDocument> {
  return new Map(
    Object.entries(documents).map(([id, [version, source]]) => [
      id,
      { source, routing: undefined, version: String(version) },
    ]),
  );
}

function historyOf(writers: 'one' | 'several', ...writes: Write[]): WriteHistory {
  const history = new WriteHistory(writers);
  for (const one of writes) history.add(one);
  return history;
}

describe('the history of writes', () => {
  it.each(['one', 'several'] as const)('with %s writing admits each moment, and no mixture of two', (writers) => {
    const history = historyOf(writers, write('a', 1, '1', 1), write('b', 1, '1', 2), write('a', 2, '2', 3));
    const check = (documents: Record<string, [number, string]>) => () =>
      history.check(shown(documents), ['a', 'b'], 0, 10);
    check({})();
    check({ a: [1, '1'] })();
    check({ a: [1, '1'], b: [1, '1'] })();
    check({ a: [2, '2'], b: [1, '1'] })();
    expect(check({ b: [1, '1'] })).toThrow('no one moment');
    expect(check({ a: [2, '2'] })).toThrow('no one moment');
    expect(check({ a: [2, '1'], b: [1, '1'] })).toThrow('never looked so');
    expect(check({ a: [1, '2'], b: [1, '1'] })).toThrow('never looked so');
    expect(check({ a: [2, '2'], b: [1, '1'], c: [1, '1'] })).toThrow('[c] does not belong here');
  });

  it.each(['one', 'several'] as const)('with %s writing knows when a document was missing', (writers) => {
    const history = historyOf(
      writers,
      ...[write('a', 1, '1', 1), write('b', 1, '1', 2), write('b', 2, '', 3), write('c', 1, '1', 4)],
      ...[write('a', 2, '', 5), write('a', 3, '3', 6), write('b', 3, '3', 7)],
    );
    const check = (documents: Record<string, [number, string]>, began = 0) =>
      history.check(shown(documents), ['a', 'b', 'c'], began, 10);
    check({ a: [1, '1'] });
    check({ c: [1, '1'] });
    check({ a: [3, '3'], c: [1, '1'] });
    expect(() => check({ b: [3, '3'], c: [1, '1'] })).toThrow('no one moment');
    expect(() => check({ a: [1, '1'] }, 5)).toThrow('no one moment');
  });

  it('holds what was acknowledged before, and nothing that was sent after', () => {
    for (const writers of ['one', 'several'] as const) {
      const history = historyOf(writers, write('a', 1, '1', 1), write('a', 2, '2', 5), write('a', 3, '3', 9));
      const check = (version: number) => () => history.check(shown({ a: [version, `${version}`] }), ['a'], 6, 8);
      check(2)();
      expect(check(1)).toThrow('no one moment');
      expect(check(3)).toThrow('no one moment');
    }
  });

  it('leaves it open which of two writes at the same time came first', () => {
    const history = historyOf('several', write('a', 1, '1', 1, 4), write('b', 1, '1', 2, 3));
    history.check(shown({ a: [1, '1'] }), ['a', 'b'], 0, 10);
    history.check(shown({ b: [1, '1'] }), ['a', 'b'], 0, 10);
  });

  it('merges what updates change', () => {
    const update: Write = { ...write('a', 2, '{"b":3,"c":4}', 2), action: 'update' };
    const history = historyOf('one', write('a', 1, '{"a":1,"b":2}', 1), { ...update, seqNo: 1 });
    history.check(shown({ a: [2, '{"a":1,"b":3,"c":4}'] }), ['a'], 0, 10);
  });
});
