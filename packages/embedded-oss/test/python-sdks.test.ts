import { startTestOss } from '../../../test/support/embedded-oss';
import { preparePython, runPython } from './python-sdks';

/**
 * The server against clients that nobody here wrote: both Python SDKs of Alibaba Cloud. Each script stops at the first
 * surprise, so that the printed steps are the ones that went as on OSS.
 */
const STEPS = [
  'put and get of odd keys',
  'head and metadata',
  'ranges',
  'forbid overwrite',
  'content md5',
  'lists',
  'copy',
  'multipart',
  'deletes',
  'bucket info',
  'bad secret',
  'crc check',
];

let prepared: Awaited<ReturnType<typeof preparePython>>;

beforeAll(async () => {
  prepared = await preparePython();
  if ('missing' in prepared) process.stderr.write(`skipped: ${prepared.missing}\n`);
}, 300_000);

test.each([
  ['oss2', 'v1', 'with_oss2.py', 'archive'],
  ['oss2', 'v4', 'with_oss2.py', 'archive'],
  ['alibabacloud-oss-v2', 'v1', 'with_oss_v2.py', undefined],
  ['alibabacloud-oss-v2', 'v4', 'with_oss_v2.py', undefined],
])(
  '%s with %s signatures finds everything as on OSS',
  async (_sdk, version, script, extra) => {
    if ('missing' in prepared) return;
    let corrupted = 0;
    const oss = await startTestOss({
      buckets: [{ name: 'cold', storageClass: 'Archive' }, { name: 'snapshots' }],
      onRequest: ({ key, method }) => {
        if (key !== 'corrupt' || method !== 'GET') return undefined;
        corrupted++;
        return 'corrupt-body';
      },
    });
    try {
      const printed = await runPython(prepared.python, script, oss.endpoint, version);
      const expected = extra === undefined ? STEPS : [...STEPS, extra];
      expect([...printed].sort()).toEqual([...expected].sort());
      expect(corrupted).toBeGreaterThan(0);
    } finally {
      await oss.stop();
    }
  },
  120_000,
);
