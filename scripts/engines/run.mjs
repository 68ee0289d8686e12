/**
 * One real engine by hand, until interrupted:
 * `node scripts/engines/run.mjs <name> [--port 9200] [--data FOLDER] [--heap 1g] [--set key=value]…`.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { SetupError, runMain } from '../lib/steps.mjs';
import { prepareEngine } from './prepare.mjs';

function freePort() {
  return new Promise((done, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });
}

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      port: { type: 'string', default: '9200' },
      data: { type: 'string' },
      heap: { type: 'string', default: '1g' },
      set: { type: 'string', multiple: true, default: [] },
    },
  });
  if (positionals.length !== 1) throw new SetupError('usage: node scripts/engines/run.mjs <engine> [--port 9200] …');
  const launch = await prepareEngine(positionals[0]);
  const data = resolve(values.data ?? mkdtempSync(join(tmpdir(), `snapkeep-${positionals[0]}-`)));
  const repo = join(data, 'repo');
  mkdirSync(repo, { recursive: true });
  const port = values.port === '0' ? await freePort() : Number(values.port);
  const transport = await freePort();
  process.stderr.write(`${launch.name} ${launch.version} at http://127.0.0.1:${port}, data and path.repo in ${data}\n`);
  const args = [...launch.jvmArgs, 'Main', data, repo, String(port), String(transport), ...values.set];
  const child = spawn(launch.java, [`-Xmx${values.heap}`, ...args], { stdio: ['pipe', 'inherit', 'inherit'] });
  child.once('exit', (code) => process.exit(code ?? 1));
}

runMain(main);
