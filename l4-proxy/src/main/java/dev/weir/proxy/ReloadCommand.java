package dev.weir.proxy;

import java.io.IOException;
import java.util.Map;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** {@code weir reload}: makes a running proxy read its configuration anew, and says what came of it. */
final class ReloadCommand implements Subcommand {
    @Override
    public CommandSpec spec() {
        CommandSpec spec = Options.command(
                "reload", "Makes a running proxy read its configuration file anew, and says what came of it.");
        Options.value(spec, "--admin", "ADDR", false, "Its admin server; 127.0.0.1:9901 if not given.");
        return spec;
    }

    @Override
    public int run(ParseResult options, Terminal terminal) throws IOException {
        AdminClient.Answer answer = new AdminClient(Options.admin(options)).send("POST", "/reload");
        Object json = Json.read(answer.body());
        if (!(json instanceof Map<?, ?> map)) {
            throw new IOException("the admin server answered " + answer.status() + " and no JSON object");
        }
        Object text = map.get(answer.status() == 200 ? "report" : "error");
        if (answer.status() == 200) {
            terminal.out().println(text);
            return 0;
        }
        terminal.err().println(text);
        return answer.status() == 422 ? 2 : 1;
    }
}
