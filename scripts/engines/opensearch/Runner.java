import org.codelibs.opensearch.runner.OpenSearchRunner;

/** The runner that {@code Main} starts. */
class Runner extends OpenSearchRunner {}
