package dev.weir.proxy;

import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** A command of the program. Its class is loaded when it is called for. */
interface Subcommand {
    /** What it takes, for parsing and for help. */
    CommandSpec spec();

    /**
     * Carries it out.
     *
     * @return exit code: 0 done, 1 failed at run time, 2 bad usage or configuration
     * @throws UsageException for values that the parser cannot judge
     * @throws dev.weir.core.config.ConfigException for a configuration with problems
     */
    int run(ParseResult options, Terminal terminal) throws Exception;
}
