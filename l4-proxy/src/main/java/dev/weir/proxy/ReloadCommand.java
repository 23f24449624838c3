package dev.weir.proxy;

import java.io.IOException;
import java.util.Map;

/** {@code weir reload}: makes a running proxy read its configuration anew, and says what came of it. */
final class ReloadCommand implements Subcommand {
    @Override
    public int run(Arguments options, Terminal terminal) throws IOException {
        AdminClient.Answer answer = new AdminClient(options.admin()).send("POST", "/reload");
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
