package dev.weir.proxy;

import org.snakeyaml.engine.v2.api.Dump;
import org.snakeyaml.engine.v2.api.DumpSettings;
import org.snakeyaml.engine.v2.common.FlowStyle;

/** Shows what Weir runs for a file of another program, as a configuration of Weir. */
final class Explanation {
    private Explanation() {}

    static void print(Foreign foreign, Terminal terminal) {
        DumpSettings settings = DumpSettings.builder()
                .setDefaultFlowStyle(FlowStyle.BLOCK)
                .setIndicatorIndent(2)
                .setIndentWithIndicator(true)
                .setIndent(2)
                .setWidth(120)
                .setDereferenceAliases(true)
                .build();
        terminal.out().print("# What weir runs for " + foreign.file().source() + "; for weir run FILE.\n");
        for (String note : foreign.translation().notes()) {
            terminal.out().print("# note: " + note + "\n");
        }
        terminal.out()
                .print(new Dump(settings).dumpToString(foreign.file().root().plain()));
    }
}
