import org.codelibs.elasticsearch.runner.ElasticsearchClusterRunner;

/** The runner that {@code Main} starts. */
class Runner extends ElasticsearchClusterRunner {}
