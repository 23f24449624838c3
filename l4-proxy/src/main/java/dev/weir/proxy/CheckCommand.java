package dev.weir.proxy;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** {@code weir check FILE}: finds all problems of a configuration without starting anything. */
final class CheckCommand implements Subcommand {
    @Override
    public CommandSpec spec() {
        CommandSpec spec =
                Options.command("check", "Validates a configuration: every problem at once, with its place.");
        Options.value(spec, "--plugins", "DIR", false, "Folder with jars of further filters.");
        Options.operand(spec, "FILE", "The configuration, YAML.");
        return spec;
    }

    @Override
    public int run(ParseResult options, Terminal terminal) {
        @Nullable String plugins = Options.text(options, "--plugins");
        ConfigFile file =
                ConfigFile.load(Options.operand(options), Plugins.loader(plugins == null ? null : Path.of(plugins)));
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
