import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.elasticsearch.common.logging.LogConfigurator;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.env.Environment;
import org.elasticsearch.node.InternalSettingsPreparer;
import org.elasticsearch.node.Node;
import org.elasticsearch.plugins.PluginsLoader;

/**
 * One Elasticsearch node on the loopback: {@code Main <data folder> <path.repo> <http port> <transport port>
 * [setting=value …]}. It ends when its standard input ends, so it cannot outlive whoever started it.
 */
public class Main {
  public static void main(String[] args) throws Exception {
    Path data = Path.of(args[0]);
    Path config = Files.createDirectories(data.resolve("config"));
    Settings.Builder settings = Settings.builder();
    settings.put("path.home", System.getProperty("snapkeep.home"));
    settings.put("path.data", data.resolve("data").toString());
    settings.put("path.logs", data.resolve("logs").toString());
    settings.put("path.repo", args[1]);
    settings.put("http.port", args[2]);
    settings.put("transport.port", args[3]);
    settings.put("network.host", "127.0.0.1");
    settings.put("cluster.name", "snapkeep-test");
    settings.put("discovery.type", "single-node");
    // A full disk of the test machine must not turn indices read-only.
    settings.put("cluster.routing.allocation.disk.threshold_enabled", false);
    for (int i = 4; i < args.length; i++) {
      String[] pair = args[i].split("=", 2);
      settings.put(pair[0], pair[1]);
    }
    LogConfigurator.configureWithoutConfig(settings.build());
    Environment env =
        InternalSettingsPreparer.prepareEnvironment(settings.build(), Map.of(), config, () -> "Node 1");
    PluginsLoader plugins =
        PluginsLoader.createPluginsLoader(Bundles.in(env.modulesDir()), Set.of(), Map.of(), false);
    Node node = new Node(env, plugins);
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(
                () -> {
                  try {
                    node.prepareForClose();
                    node.close();
                    node.awaitClose(20, TimeUnit.SECONDS);
                  } catch (Exception e) {
                    e.printStackTrace();
                  }
                }));
    node.start();
    while (System.in.read() >= 0) {
      // Wait for the end of standard input.
    }
    System.exit(0);
  }
}
