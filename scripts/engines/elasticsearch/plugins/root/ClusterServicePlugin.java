import java.util.Collection;
import java.util.List;
import org.elasticsearch.cluster.service.ClusterService;
import org.elasticsearch.plugins.Plugin;

/** Keeps the cluster service, which the node creates after the handlers. */
abstract class ClusterServicePlugin extends Plugin {
  private volatile ClusterService clusterService;

  @Override
  public Collection<?> createComponents(PluginServices services) {
    clusterService = services.clusterService();
    return List.of();
  }

  ClusterService clusterService() {
    return clusterService;
  }
}
