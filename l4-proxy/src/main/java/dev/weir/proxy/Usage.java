package dev.weir.proxy;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

/**
 * What each command takes, for parsing and for help. Made by hand, since annotations would be read by reflection; and
 * apart from the commands, since no class-data archive takes picocli's classes (they are compiled for Java 5): {@link
 * Main} goes around it where it can.
 */
final class Usage {
    private static final String ADMIN_HELP = "Its admin server; 127.0.0.1:9901 if not given.";
    private static final String OWN_ADMIN_HELP =
            "Where the admin server listens; if not given, 127.0.0.1:9901 or the next free port.";

    private static final String STATEMENTS_HELP =
            "Shows the text of statements as it was sent, where the protocol has some; it may hold personal data.";

    private Usage() {}

    /** Reads a command line; null if help was asked for, and shown. */
    static @Nullable Arguments parse(String command, String[] args, PrintStream out) {
        CommandSpec spec = spec(command);
        CommandLine line = new CommandLine(spec);
        try {
            ParseResult result = line.parseArgs(args);
            if (result.isUsageHelpRequested()) {
                line.usage(out, CommandLine.Help.Ansi.OFF);
                return null;
            }
            Map<String, String> options = new LinkedHashMap<>();
            for (OptionSpec option : result.matchedOptions()) {
                boolean flag = option.arity().max() == 0;
                options.put(option.longestName(), flag ? "" : option.<String>getValue());
            }
            List<String> operands = new ArrayList<>();
            for (PositionalParamSpec operand : result.matchedPositionals()) {
                operands.addAll(operand.stringValues());
            }
            return new Arguments(options, operands);
        } catch (ParameterException e) {
            throw new UsageException(e.getMessage() + "; " + spec.name() + " --help explains");
        }
    }

    /** Shows all commands. */
    static void help(List<String> commands, PrintStream out) {
        CommandSpec root = CommandSpec.create().name("weir");
        root.usageMessage()
                .description("Stands in front of data stores and measures every command on the wire.")
                .synopsisHeading("Usage: ")
                .customSynopsis("weir COMMAND [OPTION…]")
                .commandListHeading("%nCommands:%n")
                .footer("", "weir COMMAND --help explains a command; weir --version says the version.");
        for (String name : commands) {
            root.addSubcommand(name, spec(name));
        }
        new CommandLine(root).usage(out, CommandLine.Help.Ansi.OFF);
    }

    private static CommandSpec spec(String command) {
        return switch (command) {
            case "run" -> run();
            case "check" -> check();
            case "reload" -> reload();
            case "sniff" -> sniff();
            case "replay" -> replay();
            case "top" -> top();
            case "demo" -> demo();
            case "nutcracker" -> nutcracker();
            case "stunnel" -> stunnel();
            default -> command(command, "For the build only.");
        };
    }

    private static CommandSpec run() {
        CommandSpec spec = command(
                "run",
                "Runs a configuration. SIGHUP or a change of the file reloads it; SIGTERM or SIGINT lets connections"
                        + " finish (drain_timeout), a second one leaves at once.");
        value(spec, "--plugins", "DIR", false, "Folder with jars of further filters, beside those in plugins/.");
        flag(
                spec,
                "--takeover",
                "Takes the place of the process that runs the same file: it gets that one's listening sockets, and no"
                        + " connection is refused or reset.");
        operand(spec, "FILE", "The configuration, YAML.");
        return spec;
    }

    private static CommandSpec check() {
        CommandSpec spec = command("check", "Validates a configuration: every problem at once, with its place.");
        value(spec, "--plugins", "DIR", false, "Folder with jars of further filters, beside those in plugins/.");
        operand(spec, "FILE", "The configuration, YAML.");
        return spec;
    }

    private static CommandSpec reload() {
        CommandSpec spec =
                command("reload", "Makes a running proxy read its configuration file anew, and says what came of it.");
        value(spec, "--admin", "ADDR", false, ADMIN_HELP);
        return spec;
    }

    private static CommandSpec sniff() {
        CommandSpec spec = command(
                "sniff", "Stands in front of one server and shows its commands: live, and a summary at the end.");
        operand(spec, "PROTOCOL", "What the server speaks: redis.");
        value(spec, "--listen", "ADDR", true, "Where clients connect to: host:port, [v6]:port, unix:/path.");
        value(spec, "--upstream", "ADDR", true, "The server.");
        flag(spec, "--json", "Writes exchanges to standard output, an object of JSON a line, and nothing else.");
        flag(spec, "--keys", "Shows the first key of a command as its target; keys may be personal data.");
        flag(spec, "--statements", STATEMENTS_HELP);
        value(spec, "--admin", "ADDR|off", false, OWN_ADMIN_HELP);
        value(spec, "--for", "DURATION", false, "Ends after this time: 20s, 5m.");
        value(spec, "--plugins", "DIR", false, "Folder with jars of further protocols, beside those in plugins/.");
        return spec;
    }

    private static CommandSpec replay() {
        CommandSpec spec = command(
                "replay",
                "Shows the commands in captures of the network (pcap, pcapng), with the times of the capture.");
        operands(spec, "FILE", "A capture, for example by tcpdump -s 0 -w FILE; - is standard input.");
        value(spec, "--protocol", "P", true, "What the servers speak: redis, mysql.");
        value(
                spec,
                "--port",
                "N",
                false,
                "The servers' port; without it, all connections that speak the protocol. It tells client from server"
                        + " where a connection began before the capture.");
        flag(spec, "--json", "Writes exchanges to standard output, an object of JSON a line, and nothing else.");
        flag(spec, "--keys", "Shows the first key of a command as its target; keys may be personal data.");
        flag(spec, "--statements", STATEMENTS_HELP);
        value(spec, "--plugins", "DIR", false, "Folder with jars of further protocols, beside those in plugins/.");
        return spec;
    }

    private static CommandSpec top() {
        CommandSpec spec = command("top", "Shows who and what uses most, from the admin server of a running proxy.");
        value(spec, "--admin", "ADDR", false, ADMIN_HELP);
        value(spec, "--by", "WHAT", false, "Groups by " + String.join(", ", UsageTable.DIMENSIONS) + ".");
        value(spec, "--sort", "FIELD", false, "Sorts by " + String.join(", ", UsageRow.SORTS) + ".");
        flag(spec, "--once", "Prints the table once.");
        flag(spec, "--json", "Prints what the admin server answers: an object of JSON a second.");
        return spec;
    }

    private static CommandSpec demo() {
        CommandSpec spec = command(
                "demo",
                "The two-minute tour: real servers (Redis, MariaDB, MongoDB, DynamoDB, HTTP), the proxy in front of them, sample"
                        + " traffic, and what to open. DynamoDB Local comes from where WEIR_DYNAMODB_LOCAL says.");
        value(
                spec,
                "--for",
                "DURATION",
                false,
                "Ends with a summary this time after all is up: 20s. Without it, Ctrl-C ends it.");
        value(spec, "--admin", "ADDR|off", false, OWN_ADMIN_HELP);
        return spec;
    }

    private static CommandSpec nutcracker() {
        CommandSpec spec = command(
                "nutcracker",
                "Runs a configuration of twemproxy 0.5 (nutcracker.yml): same keys on the same servers. SIGHUP reloads it and"
                        + " opens the log anew.");
        optional(spec, "FILE", "The configuration; -c says the same.");
        value(
                spec,
                "-c --conf-file",
                "FILE",
                false,
                "The configuration; else conf/nutcracker.yml or /etc/nutcracker/nutcracker.yml.");
        flag(spec, "-t --test-conf", "Tests the configuration and ends: every problem at once, with its place.");
        flag(
                spec,
                "--strict",
                "Ends connections on what is not supported or malformed, without an error, as twemproxy does.");
        flag(spec, "--explain", "Prints the configuration of Weir that does the same, and ends; passwords are in it.");
        flag(spec, "-d --daemonize", "Runs in the background, in a session of its own.");
        flag(spec, "-D --describe-stats", "Says what the statistics mean, and ends.");
        flag(spec, "-V --version", "Says the version, and ends.");
        value(spec, "-v --verbose", "N", false, "How much is logged: 0 to 11, 5 if not given.");
        value(spec, "-o --output", "FILE", false, "Where the log goes; standard error if not given.");
        value(spec, "-s --stats-port", "N", false, "Port of the statistics; 22222 if not given.");
        value(spec, "-a --stats-addr", "IP", false, "Address of the statistics; 127.0.0.1 if not given.");
        value(spec, "-i --stats-interval", "MS", false, "Without effect: the statistics are those of the moment.");
        value(spec, "-p --pid-file", "FILE", false, "Gets the number of the process.");
        value(spec, "-m --mbuf-size", "BYTES", false, "Without effect: keys may have any length.");
        value(spec, "--admin", "ADDR", false, "Where the admin server listens; there is none if not given.");
        return spec;
    }

    private static CommandSpec stunnel() {
        CommandSpec spec = command(
                "stunnel",
                "Runs a configuration of stunnel 5 (stunnel.conf). SIGHUP reloads it, SIGUSR1 opens the log anew, SIGUSR2 lists the"
                        + " connections in it.");
        optional(spec, "FILE", "The configuration; /etc/stunnel/stunnel.conf if not given.");
        value(spec, "-fd", "N", false, "Reads the configuration from an open file descriptor.");
        flag(spec, "--explain", "Prints the configuration of Weir that does the same, and ends; passwords are in it.");
        flag(spec, "-t --test-conf", "Tests the configuration and ends: every problem at once, with its place.");
        flag(spec, "-help", "Says what stunnel says, and ends.");
        flag(spec, "-version", "Says the version, on standard error, and ends.");
        flag(spec, "-sockets", "Says which socket options have an effect, and ends.");
        flag(spec, "-options", "Says which TLS options have an effect, and ends.");
        value(spec, "--admin", "ADDR", false, "Where the admin server listens; there is none if not given.");
        return spec;
    }

    private static CommandSpec command(String name, String description) {
        CommandSpec spec = CommandSpec.create().name("weir " + name);
        spec.usageMessage().description(description).sortOptions(false);
        spec.addOption(OptionSpec.builder("-h", "--help")
                .usageHelp(true)
                .description("Shows this help.")
                .build());
        return spec;
    }

    /** {@code names} are divided by blanks. */
    private static void value(CommandSpec spec, String names, String label, boolean required, String description) {
        spec.addOption(OptionSpec.builder(names.split(" ", -1))
                .paramLabel(label)
                .type(String.class)
                .arity("1")
                .required(required)
                .description(description)
                .build());
    }

    private static void optional(CommandSpec spec, String label, String description) {
        spec.addPositional(PositionalParamSpec.builder()
                .index("0")
                .arity("0..1")
                .paramLabel(label)
                .type(String.class)
                .description(description)
                .build());
    }

    /** {@code names} are divided by blanks. */
    private static void flag(CommandSpec spec, String names, String description) {
        spec.addOption(OptionSpec.builder(names.split(" ", -1))
                .type(boolean.class)
                .arity("0")
                .description(description)
                .build());
    }

    private static void operands(CommandSpec spec, String label, String description) {
        spec.addPositional(PositionalParamSpec.builder()
                .index("0..*")
                .arity("1..*")
                .paramLabel(label)
                .type(List.class)
                .auxiliaryTypes(String.class)
                .required(true)
                .description(description)
                .build());
    }

    private static void operand(CommandSpec spec, String label, String description) {
        spec.addPositional(PositionalParamSpec.builder()
                .index("0")
                .arity("1")
                .paramLabel(label)
                .type(String.class)
                .required(true)
                .description(description)
                .build());
    }
}
