package dev.weir.core.protocol;

/**
 * What a command asks of a service that its protocol carries (DynamoDB behind HTTP), beside its own {@link Command#name()}.
 *
 * @param service the service, one of {@link KnownCommands#services()}
 * @param name the operation in the service's own name; {@link CommandSet#OTHER} where it is not known, and where it cannot be told for sure what
 *     the server would take the request for: who refuses any of the service's operations has to refuse that, too
 */
public record ServiceOperation(String service, String name) {
    /** Whether it may be any operation. */
    public boolean isUnknown() {
        return name.equals(CommandSet.OTHER);
    }
}
