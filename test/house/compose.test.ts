import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const ROOT = path.join(__dirname, '..', '..');

/** How Compose is called here: as a plugin of the docker client, or on its own. SNAPKEEP_TEST_COMPOSE names another. */
const compose = [process.env.SNAPKEEP_TEST_COMPOSE?.split(' '), ['docker', 'compose'], ['docker-compose']].find(
  (command): command is string[] =>
    command !== undefined && spawnSync(command[0], [...command.slice(1), 'version']).status === 0,
);
if (compose === undefined) {
  process.stderr.write('docker compose is not installed: docker-compose.yml is not checked\n');
}

/** `docker compose config -q` with an environment file of those lines and nothing else. */
function config(lines: string): { status: number | null; stderr: string } {
  const folder = mkdtempSync(path.join(tmpdir(), 'snapkeep-compose-'));
  try {
    const file = path.join(folder, 'env');
    writeFileSync(file, lines);
    const [command, ...first] = compose!;
    const args = [...first, '--env-file', file, '-f', path.join(ROOT, 'docker-compose.yml'), 'config', '-q'];
    const env = { PATH: process.env.PATH, HOME: folder };
    return spawnSync(command, args, { encoding: 'utf8', env, cwd: folder });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const VARIABLES = readFileSync(path.join(ROOT, '.env.example'), 'utf8').match(/^[A-Z_]+(?==)/gm) ?? [];

(compose === undefined ? describe.skip : describe)('docker-compose.yml', () => {
  test('is valid once every variable of .env.example has a value', () => {
    const { status, stderr } = config(VARIABLES.map((name) => `${name}=0123456789abcdef`).join('\n'));
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });

  test.each(VARIABLES)('says so where %s is missing', (missing) => {
    const others = VARIABLES.filter((name) => name !== missing);
    const { status, stderr } = config(others.map((name) => `${name}=0123456789abcdef`).join('\n'));
    expect(status).not.toBe(0);
    expect(stderr).toContain(missing);
  });
});
