package dev.weir.proxy;

/** A command of the program; {@link Usage} has what it takes. Its class is loaded when it is called for. */
interface Subcommand {
    /**
     * Carries it out.
     *
     * @return exit code: 0 done, 1 failed at run time, 2 bad usage or configuration
     * @throws UsageException for values that the parser cannot judge
     * @throws dev.weir.core.config.ConfigException for a configuration with problems
     */
    int run(Arguments options, Terminal terminal) throws Exception;
}
