import { catObjects, type CatTable, printCatHelp, printCatTable } from '../../src/elasticsearch/cat-table';

const TABLE: CatTable = {
  columns: [
    { name: 'id', aliases: 'id,snapshot', description: 'unique snapshot' },
    { name: 'status', aliases: 's,status', description: 'snapshot name', isRight: true },
    { name: 'duration', aliases: 'dur,duration', description: 'duration', isRight: true },
    { name: 'bytes', aliases: 'b', description: 'number of bytes' },
    { name: 'reason', aliases: 'r', description: 'reason', isHidden: true },
  ],
  rows: [
    ['bb', { kind: 'word', value: 'SUCCESS', order: 1 }, { kind: 'millis', value: 200 }, bytes(1_536), null],
    ['a', { kind: 'word', value: 'PARTIAL', order: 3 }, { kind: 'millis', value: 0 }, bytes(20), 'why'],
  ],
};

function bytes(value: number): { kind: 'bytes'; value: number } {
  return { kind: 'bytes', value };
}

describe('a table of [_cat]', () => {
  it('is printed in columns, with blanks behind all but the last', () => {
    expect(printCatTable(TABLE, { v: false })).toBe('bb SUCCESS 200ms 1.5kb\na  PARTIAL    0s 20b\n');
    expect(printCatTable(TABLE, { v: true })).toBe(
      'id  status duration bytes\nbb SUCCESS    200ms 1.5kb\na  PARTIAL       0s 20b\n',
    );
  });

  it('shows the columns of [h] by name, short name and wildcard, each under the name it was asked by', () => {
    expect(printCatTable(TABLE, { v: true, h: ['r', 'snapshot', 'nope'] })).toBe('r   snapshot\n    bb\nwhy a\n');
    expect(printCatTable(TABLE, { v: true, h: ['du*', 'i*'] })).toBe('duration id\n   200ms bb\n      0s a\n');
  });

  it('is sorted by [s], numbers as numbers and states in their order', () => {
    const ids = (...s: string[]): unknown => catObjects(TABLE, { v: false, h: ['id'], s }).map(({ id }) => id);
    expect(ids('id')).toEqual(['a', 'bb']);
    expect(ids('id:desc')).toEqual(['bb', 'a']);
    expect(ids('bytes')).toEqual(['a', 'bb']);
    expect(ids('s')).toEqual(['bb', 'a']);
    expect(ids('reason')).toEqual(['bb', 'a']);
    expect(() => ids('nope')).toThrow('Unable to sort by unknown sort key `nope`');
    expect(() => ids('id:up')).toThrow('Unable to sort by unknown sort key `id:up`');
  });

  it('tells sizes and times in the units that are asked for', () => {
    const [first] = catObjects(TABLE, { v: false, h: ['b', 'dur'], bytes: 'kb', time: 'micros' });
    expect(first).toEqual({ b: '1', dur: '200000' });
    expect(catObjects(TABLE, { v: false, h: ['b', 'dur'], bytes: 'b', time: 's' })[0]).toEqual({ b: '1536', dur: '0' });
    expect(catObjects(TABLE, { v: false, h: ['b'], bytes: 'furlongs' })[0]).toEqual({ b: '1.5kb' });
  });

  it('has null for what is not known', () => {
    expect(catObjects(TABLE, { v: false, h: ['id', 'reason'] })[0]).toEqual({ id: 'bb', reason: null });
  });

  it('leaves out the blanks where the engines, which count them in a byte, lose them', () => {
    const table: CatTable = {
      columns: [
        { name: 'index', aliases: 'i', description: '' },
        { name: 'n', aliases: 'n', description: '' },
      ],
      rows: [
        ['x'.repeat(140), 1],
        ['y'.repeat(12), 2],
        ['z'.repeat(13), 3],
      ],
    };
    const [, short, longer] = printCatTable(table, { v: false }).split('\n');
    expect(short).toBe(`${'y'.repeat(12)} 2`);
    expect(longer).toBe(`${'z'.repeat(13)}${' '.repeat(127)} 3`);
  });

  it('explains its columns', () => {
    expect(printCatHelp(TABLE.columns.slice(0, 2))).toBe(
      'id     | id,snapshot | unique snapshot\nstatus | s,status    | snapshot name  \n',
    );
  });
});
