/**
 * Makes a real engine ready to start: `node scripts/engines/prepare.mjs <name>…`.
 *
 * Jars come from Maven into the cache, the engine's Java sources are compiled beside them; both are kept until the
 * artifacts or a source change. Prints where it is, as JSON, one line per engine. `--check` only tells, at once and
 * without network, which engines this machine can run.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, dirname, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { cacheRoot, filesBelow, hashFiles, readIfThere, withLock } from '../lib/cache.mjs';
import { SetupError, run, runMain, step } from '../lib/steps.mjs';
import { ENGINES, ENGINE_NAMES } from './engine-list.mjs';
import { findJdk, installedJdks } from './java.mjs';

const SOURCES = dirname(fileURLToPath(import.meta.url));

function hasMaven() {
  try {
    execFileSync('mvn', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

function engineOf(name) {
  if (!Object.hasOwn(ENGINES, name)) {
    throw new SetupError(`there is no engine [${name}]: one of ${ENGINE_NAMES.join(', ')}`);
  }
  return ENGINES[name];
}

/** What is missing to run the engine, as a sentence; undefined when nothing is. */
function missingFor(name, maven = hasMaven) {
  const { title, java } = engineOf(name);
  if (findJdk(java) === undefined) {
    const range = java.most === undefined ? `${java.least} or newer` : `${java.least} to ${java.most}`;
    const found = installedJdks().map(({ release }) => release);
    return `${title} needs a JDK ${range} (found: ${found.join(', ') || 'none'}); install one, or set JAVA_HOME`;
  }
  const lib = join(cacheRoot(), 'engines', name, 'lib');
  if (!existsSync(lib) && !maven()) return `${title} needs Maven (mvn) to fetch its jars`;
  return undefined;
}

/** Where a prepared engine lies and how to start it; the caller adds heap and the arguments of `Main`. */
function launchOf(name, folder, jdk) {
  const engine = engineOf(name);
  return {
    name,
    version: engine.version,
    java: join(jdk.home, 'bin', 'java'),
    home: join(folder, 'home'),
    jvmArgs: [
      ...engine.jvmArgs,
      ...(engine.libraries === undefined ? [] : [`-Des.nativelibs.path=${join(folder, 'native')}`]),
      `-Dsnapkeep.home=${join(folder, 'home')}`,
      '-cp',
      [join(folder, 'classes'), join(folder, 'lib', '*')].join(delimiter),
    ],
  };
}

function pomOf(name) {
  const dependencies = engineOf(name).artifacts.map((artifact) => {
    const [groupId, artifactId, version] = artifact.split(':');
    return `<dependency>
      <groupId>${groupId}</groupId>
      <artifactId>${artifactId}</artifactId>
      <version>${version}</version>
    </dependency>`;
  });
  return readFileSync(join(SOURCES, 'pom.xml'), 'utf8').replace('@dependencies@', dependencies.join(''));
}

async function fetchJars(name, folder) {
  const lib = join(folder, 'lib');
  mkdirSync(lib);
  const pom = join(folder, 'pom.xml');
  writeFileSync(pom, pomOf(name));
  await step(`${engineOf(name).title}: fetching its jars`, (show) =>
    run(
      'mvn',
      ['-B', '-f', pom, 'dependency:copy-dependencies', `-DoutputDirectory=${lib}`, '-DincludeScope=runtime'],
      {
        onLine: (line) => show(line.replace(/^\[INFO\] */, '').replace(/ from .*/, '')),
      },
    ),
  );
  for (const [module, pattern] of Object.entries(engineOf(name).modules)) {
    const target = join(folder, 'home', 'modules', module);
    mkdirSync(target, { recursive: true });
    for (const jar of readdirSync(lib).filter((file) => pattern.test(file))) {
      renameSync(join(lib, jar), join(target, jar));
    }
  }
}

async function compileInto(folder, jdk, sources, classpath) {
  const files = sources.filter((file) => file.endsWith('.java'));
  const args = ['-nowarn', '-Xlint:none', '-d', folder, '-cp', classpath.join(delimiter)];
  await run(join(jdk.home, 'bin', 'javac'), [...args, ...files]);
}

const LIBRARY_FOLDERS = ['/usr/lib', '/usr/lib64', '/lib', '/usr/local/lib', '/opt/homebrew/lib'];

/** Links the system's libraries under the names that the JVM gives them. What is missing is left out. */
function linkLibraries(name, folder) {
  mkdirSync(folder);
  const folders = LIBRARY_FOLDERS.flatMap((root) => [
    root,
    ...['x86_64', 'aarch64'].map((cpu) => join(root, `${cpu}-linux-gnu`)),
  ]);
  for (const library of engineOf(name).libraries ?? []) {
    const [linked, pattern] =
      process.platform === 'darwin'
        ? [`lib${library}.dylib`, new RegExp(`^lib${library}\\.dylib$`)]
        : [`lib${library}.so`, new RegExp(`^lib${library}\\.so(\\.\\d+)?$`)];
    const found = folders
      .filter((one) => existsSync(one))
      .flatMap((one) =>
        readdirSync(one)
          .filter((file) => pattern.test(file))
          .map((file) => join(one, file)),
      );
    if (found.length > 0) symlinkSync(found[0], join(folder, linked));
  }
}

/** Lays the engine's source folders over each other in `folder`, with the words of the engine filled in. */
function laySources(name, folder) {
  const { sources, version, java } = engineOf(name);
  for (const root of sources.map((source) => join(SOURCES, source))) {
    for (const file of filesBelow(root)) {
      const target = join(folder, relative(root, file));
      mkdirSync(dirname(target), { recursive: true });
      const text = readFileSync(file, 'utf8').replaceAll('@version@', version).replaceAll('@java@', java.least);
      writeFileSync(target, text);
    }
  }
}

/** `Main` goes to classes; a plugin must come from a jar of its own, else the node refuses its class loader. */
async function compile(name, folder, jdk) {
  const source = join(folder, 'sources');
  const classpath = [join(folder, 'lib', '*')];
  laySources(name, source);
  if (existsSync(join(source, 'home'))) cpSync(join(source, 'home'), join(folder, 'home'), { recursive: true });
  await step(`${engineOf(name).title}: compiling its launcher`, async () => {
    const main = readdirSync(source).map((file) => join(source, file));
    await compileInto(join(folder, 'classes'), jdk, main, classpath);
    for (const plugin of engineOf(name).plugins) {
      const classes = join(folder, 'plugins', plugin);
      await compileInto(classes, jdk, filesBelow(join(source, 'plugins', plugin)), classpath);
      const jar = join(folder, 'home', 'modules', plugin, `${plugin}.jar`);
      await run(join(jdk.home, 'bin', 'jar'), ['--create', '--file', jar, '-C', classes, '.']);
    }
  });
}

/**
 * Prepares one engine and says how to start it. Idempotent; made in a folder beside and renamed, so that an
 * interrupted run leaves nothing half-made. Throws SetupError saying what to install when something is missing.
 */
export async function prepareEngine(name) {
  const missing = missingFor(name);
  if (missing !== undefined) throw new SetupError(missing);
  const jdk = findJdk(engineOf(name).java);
  const root = join(cacheRoot(), 'engines');
  const folder = join(root, name);
  const jarsStamp = createHash('sha256').update(pomOf(name)).digest('hex');
  const stamp = `${hashFiles(SOURCES, [...engineOf(name).sources, 'engine-list.mjs', 'pom.xml'])} ${jdk.home}`;
  const stampFile = join(folder, 'stamp');
  if (readIfThere(stampFile) !== stamp) {
    mkdirSync(root, { recursive: true });
    await withLock(
      join(root, `${name}.lock`),
      async () => {
        if (readIfThere(stampFile) === stamp) return;
        const made = mkdtempSync(join(root, `${name}.new-`));
        try {
          if (readIfThere(join(folder, 'jars-stamp')) === jarsStamp) {
            cpSync(folder, made, { recursive: true });
            for (const stale of ['classes', 'plugins', 'sources', 'native'])
              rmSync(join(made, stale), { recursive: true, force: true });
          } else {
            await fetchJars(name, made);
          }
          mkdirSync(join(made, 'home', 'modules'), { recursive: true });
          await compile(name, made, jdk);
          linkLibraries(name, join(made, 'native'));
          writeFileSync(join(made, 'jars-stamp'), jarsStamp);
          writeFileSync(join(made, 'stamp'), stamp);
          rmSync(folder, { recursive: true, force: true });
          renameSync(made, folder);
        } finally {
          rmSync(made, { recursive: true, force: true });
        }
      },
      () => process.stderr.write(`${engineOf(name).title}: another process is preparing it, waiting\n`),
    );
  }
  return launchOf(name, folder, jdk);
}

async function main() {
  const args = process.argv.slice(2);
  if (args[0] === '--check') {
    let maven;
    const once = () => (maven ??= hasMaven());
    for (const name of ENGINE_NAMES) {
      const { title, version } = ENGINES[name];
      process.stdout.write(`${JSON.stringify({ name, title, version, missing: missingFor(name, once) })}\n`);
    }
    return;
  }
  for (const name of args.length > 0 ? args : ENGINE_NAMES) {
    process.stdout.write(`${JSON.stringify(await prepareEngine(name))}\n`);
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) runMain(main);
