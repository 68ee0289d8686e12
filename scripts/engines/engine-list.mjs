/**
 * The real engines that tests and benchmarks run against: what each is made of, and how it is started.
 *
 * Nothing is installed: Maven resolves the published jars into the cache, and a `Main` of each engine's folder starts
 * one node. Every `Main` takes `<data folder> <path.repo> <http port> <transport port> [setting=value …]` and ends
 * when its standard input ends.
 */
export const ENGINES = {
  'opensearch-3.8': {
    title: 'OpenSearch 3.8.0',
    version: '3.8.0',
    java: { least: 21 },
    // Vector similarity is compiled against the incubating module; the node warns and slows down without it.
    jvmArgs: ['--add-modules=jdk.incubator.vector'],
    modules: {},
    plugins: [],
  },
  'elasticsearch-8.19': {
    title: 'Elasticsearch 8.19.0',
    version: '8.19.0',
    // 24 took away the security manager, which this version still asks for.
    java: { least: 17, most: 23 },
    jvmArgs: [],
    // Folders below home/modules, each loaded as a plugin of its own: the jars that move there from lib.
    modules: { 'transport-netty4': /^(transport-netty4|netty-)/ },
    // Our own, compiled from plugins/<name> into a jar of home/modules/<name>.
    plugins: ['root'],
  },
  'elasticsearch-7.10': {
    title: 'Elasticsearch 7.10.2',
    version: '7.10.2',
    java: { least: 11, most: 17 },
    jvmArgs: ['--add-opens=java.base/java.lang=ALL-UNNAMED'],
    modules: {},
    plugins: [],
  },
};

export const ENGINE_NAMES = Object.keys(ENGINES);
