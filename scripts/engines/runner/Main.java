import java.nio.file.Path;

/**
 * One node of OpenSearch or Elasticsearch 7 on the loopback: {@code Main <data folder> <path.repo> <http port> <transport port> [setting=value …]}.
 * It ends when its standard input ends, so it cannot outlive whoever started it, however that one died.
 */
public class Main {
  public static void main(String[] args) throws Exception {
    Runner runner = new Runner();
    // Closes the node on a signal, too.
    Runtime.getRuntime().addShutdownHook(new Thread(() -> {
      try {
        runner.close();
      } catch (Exception e) {
        e.printStackTrace();
      }
    }));
    runner
        .onBuild((number, settings) -> {
          settings.put("discovery.type", "single-node");
          settings.putList("discovery.seed_hosts");
          settings.put("network.host", "127.0.0.1");
          settings.put("path.repo", args[1]);
          settings.put("http.port", args[2]);
          settings.put("transport.port", args[3]);
          // A full disk of the test machine must not turn indices read-only.
          settings.put("cluster.routing.allocation.disk.threshold_enabled", false);
          for (int i = 4; i < args.length; i++) {
            String[] pair = args[i].split("=", 2);
            settings.put(pair[0], pair[1]);
          }
        })
        .build(Runner.newConfigs().basePath(Path.of(args[0]).toString()).clusterName("snapkeep-test").numOfNode(1));
    while (System.in.read() >= 0) {
      // Wait for the end of standard input.
    }
    System.exit(0);
  }
}
