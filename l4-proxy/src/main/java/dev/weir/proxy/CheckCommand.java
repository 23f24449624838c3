package dev.weir.proxy;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** {@code weir check FILE}: finds all problems of a configuration without starting anything. */
final class CheckCommand implements Subcommand {
    @Override
    public int run(Arguments options, Terminal terminal) {
        @Nullable String plugins = options.text("--plugins");
        ConfigFile file = ConfigFile.load(options.operand(), Plugins.loader(plugins == null ? null : Path.of(plugins)));
        int listeners = file.config().listeners().size();
        int clusters = file.config().clusters().size();
        terminal.out()
                .println(file.source() + ": ok, " + counted(listeners, "listener") + ", "
                        + counted(clusters, "cluster"));
        return 0;
    }

    private static String counted(int n, String what) {
        return n + " " + what + (n == 1 ? "" : "s");
    }
}
