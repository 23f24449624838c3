package dev.weir.core.protocol;

import dev.weir.core.config.ConfigNode;
import dev.weir.core.filter.FilterEnvironment;
import dev.weir.core.filter.PerLoop;

/**
 * Makes policies of one type for terminals that find the commands themselves ({@code http}), from an entry of their list {@code
 * policies}. To be implemented by a {@link dev.weir.core.filter.FilterFactory}, which {@link java.util.ServiceLoader} finds: what
 * it does about commands as a filter it does there as a policy. Same guarantees as {@link
 * dev.weir.core.filter.FilterFactory#configure}.
 */
public interface PolicyFactory {
    /** The name that users write after {@code type:}; that of the filter. */
    String type();

    /**
     * Reads and checks the configuration of one policy. Keys that belong to connections, or to the cutting of streams into commands, are
     * to be {@linkplain KnownCommands#rejectFilterKeys refused}. After problems were reported what is returned is never used, but it must not be null.
     *
     * @param commands what the terminal's commands are
     * @return makes policies; a connection asks for as many as it has commands that wait at the same time, see {@link PolicyGate}
     */
    PerLoop<CommandPolicy> policies(ConfigNode config, KnownCommands commands, FilterEnvironment environment);
}
