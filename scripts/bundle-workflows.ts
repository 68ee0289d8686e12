/** Bundles the workflows for production, so that a worker starts without webpack; part of `npm run build`. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';

async function main(): Promise<void> {
  const { code } = await bundleWorkflowCode({
    workflowsPath: path.join(__dirname, '..', 'workflows', 'index.js'),
    logger: new DefaultLogger('WARN'),
  });
  await writeFile(path.join(__dirname, '..', 'workflow-bundle.js'), code);
}

void main();
