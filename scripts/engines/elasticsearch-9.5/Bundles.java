import java.nio.file.Path;
import java.util.Set;
import org.elasticsearch.plugins.PluginBundle;
import org.elasticsearch.plugins.PluginsLoader;

/** Finds the modules below a folder. */
class Bundles {
  static Set<PluginBundle> in(Path modules) {
    return PluginsLoader.loadModulesBundles(modules, true);
  }
}
