import { execFile } from 'node:child_process';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const ROOT = resolve(__dirname, '../..');

interface Breach {
  readonly file: string;
  readonly code: string;
}

/** Lints texts as if they stood in the given files, with the rules of the house that need no types. */
async function lint(breaches: readonly Breach[]): Promise<string[][]> {
  // ESLint loads its configuration by import(), which jest's sandbox does not have: hence a process of its own.
  const script = `
    import { Linter } from 'eslint';
    import tseslint from 'typescript-eslint';
    import config from ${JSON.stringify(join(ROOT, 'eslint.config.mjs'))};
    const rules = { 'snapkeep/import-direction': 'error' };
    const own = config.find((entry) => entry.plugins?.snapkeep !== undefined && entry.rules?.['snapkeep/import-direction']);
    if (own?.rules['snapkeep/import-direction'] !== 'error') throw new Error('the rule is not switched on');
    const linter = new Linter({ cwd: ${JSON.stringify(ROOT)} });
    const results = ${JSON.stringify(breaches)}.map(({ file, code }) =>
      linter
        .verify(code, [{ files: own.files, plugins: own.plugins, rules, languageOptions: { parser: tseslint.parser } }], {
          filename: ${JSON.stringify(ROOT)} + '/' + file,
        })
        .map(({ message }) => message),
    );
    console.log(JSON.stringify(results));
  `;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], { cwd: ROOT });
  return JSON.parse(stdout) as string[][];
}

const REFUSED: Breach[] = [
  { file: 'src/contracts/x.ts', code: "import { y } from '../blobs/blob-store';" },
  { file: 'src/contracts/x.ts', code: "import { readFile } from 'node:fs/promises';" },
  { file: 'src/blobs/x.ts', code: "import { y } from '../repository/root';" },
  { file: 'src/blobs/oss/x.ts', code: "import type { Y } from '../../cluster/cluster';" },
  { file: 'src/cluster/x.ts', code: "import { y } from '../blobs/blob-store';" },
  { file: 'src/repository/x.ts', code: "import { y } from '../jobs/snapshot-service';" },
  { file: 'src/repository/x.ts', code: "import { y } from '../../activities';" },
  { file: 'src/jobs/x.ts', code: "import { y } from '../api/app';" },
  { file: 'src/jobs/x.ts', code: "import { y } from '../../workflows';" },
  { file: 'src/jobs/x.ts', code: "export { y } from '../../activities/data-queue';" },
  { file: 'src/api/routes/x.ts', code: "import { y } from '../../repository/root';" },
  { file: 'src/api/x.ts', code: "const y = require('../process/settings');" },
  { file: 'activities/x.ts', code: "import { y } from '../src/jobs/snapshot-service';" },
  { file: 'activities/x.ts', code: "import { type Y } from '../workflows';" },
  { file: 'workflows/x.ts', code: "import { y } from '../activities/data';" },
  { file: 'workflows/x.ts', code: "import { y } from '../src/repository/root';" },
  { file: 'workflows/x.ts', code: "import { createHash } from 'crypto';" },
  { file: 'workflows/x.ts', code: "void import('node:fs');" },
  { file: 'packages/embedded-oss/src/x.ts', code: "import { y } from '../../../src/repository/keys';" },
  { file: 'packages/embedded-oss/src/x.ts', code: "import { y } from '../../embedded-cluster/src';" },
  { file: 'packages/embedded-oss/test/x.ts', code: "import { y } from '../../../src/blobs/oss/oss-blob-store';" },
  { file: 'packages/child-processes/src/x.ts', code: "import { y } from '../../../scripts/lib/start-process';" },
  { file: 'src/process/embedded.ts', code: "import { y } from '../../packages/temporal-dev-server/src';" },
  { file: 'src/process/x.ts', code: "void import('../../packages/temporal-dev-server/src/index.ts');" },
  { file: 'src/cluster/x.ts', code: "import { type Y } from '../../packages/embedded-cluster/src';" },
];

const ALLOWED: Breach[] = [
  { file: 'src/contracts/x.ts', code: "import { y } from './errors';" },
  { file: 'src/blobs/oss/x.ts', code: "import { y } from '../../contracts/errors';" },
  { file: 'src/repository/x.ts', code: "import { y } from '../cluster/reading/document-reader';" },
  { file: 'src/jobs/x.ts', code: "import { y } from '../../src/contracts/jobs/workflow-messages';" },
  { file: 'src/jobs/x.ts', code: "import { type y } from '../../workflows';" },
  { file: 'workflows/x.ts', code: "import type { Y } from '../activities';" },
  { file: 'workflows/x.ts', code: "import { proxyActivities } from '@temporalio/workflow';" },
  { file: 'src/process/x.ts', code: "import { y } from '../api/app';" },
  { file: 'src/process/embedded.ts', code: "import { type Y } from '../../packages/temporal-dev-server/src';" },
  { file: 'src/process/embedded.ts', code: "void import('../../packages/temporal-dev-server/src/index.ts');" },
  { file: 'packages/embedded-oss/src/x.ts', code: "import { y } from '../../child-processes/src';" },
  { file: 'packages/embedded-oss/test/x.ts', code: "import { y } from '../src/server';" },
  { file: 'scripts/engines/x.ts', code: "import { y } from '../../packages/temporal-dev-server/src';" },
];

describe('imports go one way', () => {
  let messages: string[][];

  beforeAll(async () => {
    messages = await lint([...REFUSED, ...ALLOWED]);
  });

  test.each(REFUSED.map((breach, at) => ({ ...breach, at })))('$file must not say: $code', ({ at }) => {
    expect(messages[at]).toEqual([expect.stringMatching(/must not import|not its values|is not there/)]);
  });

  test.each(ALLOWED.map((breach, at) => ({ ...breach, at })))('$file may say: $code', ({ at }) => {
    expect(messages[REFUSED.length + at]).toEqual([]);
  });
});
