package dev.weir.proxy;

import dev.weir.core.config.ConfigException;
import dev.weir.core.config.Names;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Entry point of the program. Exit codes: 0 done, 1 failed at run time, 2 bad usage or configuration. Only what the
 * command needs is loaded: a start takes a fraction of a second, and most of that is loading classes.
 */
public final class Main {
    private static final List<String> COMMANDS =
            List.of("run", "check", "reload", "sniff", "replay", "top", "demo", "nutcracker", "stunnel");

    /** Names of other programs that it may be called by. */
    private static final List<String> DROP_INS = List.of("nutcracker", "stunnel");

    private static final String JFR = "io.netty.jfr.enabled";

    private final Terminal terminal;

    Main(Terminal terminal) {
        this.terminal = terminal;
    }

    /**
     * Runs a command and ends the process with its exit code.
     *
     * @param args the command line
     */
    public static void main(String[] args) {
        // Netty looks for the JDK's flight recorder, which takes longer than all else Netty does at its start.
        if (System.getProperty(JFR) == null) {
            System.setProperty(JFR, "false");
        }
        Terminal terminal = new Terminal(
                System.out, System.err, code -> Runtime.getRuntime().halt(code));
        int code = new Main(terminal).run(args);
        System.out.flush();
        System.exit(code);
    }

    /** Runs a command and returns its exit code. */
    int run(String... args) {
        try {
            return dispatch(args);
        } catch (UsageException e) {
            terminal.say(String.valueOf(e.getMessage()));
            return 2;
        } catch (ConfigException e) {
            terminal.err().println(e.getMessage());
            return 2;
        } catch (IllegalStateException | IOException e) {
            terminal.say(e.getMessage() == null ? e.toString() : e.getMessage());
            return 1;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return 1;
        } catch (Exception e) {
            terminal.say("failed: this is a bug of weir");
            e.printStackTrace(terminal.err());
            return 1;
        }
    }

    private int dispatch(String... given) throws Exception {
        String[] args = given;
        String calledAs = System.getProperty("weir.calledAs", "");
        if (DROP_INS.contains(calledAs)) {
            // In the place of another program, whose options come at once.
            args = new String[given.length + 1];
            args[0] = calledAs;
            System.arraycopy(given, 0, args, 1, given.length);
        }
        if (args.length == 0) {
            Usage.help(COMMANDS, terminal.out());
            return 2;
        }
        switch (args[0]) {
            case "--version":
            case "-V":
                terminal.out().println("weir " + Version.text());
                return 0;
            case "--help":
            case "-h":
            case "help":
                Usage.help(COMMANDS, terminal.out());
                return 0;
            default:
                break;
        }
        Subcommand command = find(args[0]);
        if (command == null) {
            throw new UsageException("unknown command \"" + args[0] + "\"" + Names.suggest(args[0], COMMANDS)
                    + "; weir --help lists all");
        }
        return run(command, args[0], Arrays.copyOfRange(args, 1, args.length));
    }

    private int run(Subcommand command, String name, String[] args) throws Exception {
        // `weir run FILE` is what has to start fast, and needs no parser.
        boolean plain = args.length == 1 && name.equals("run") && !args[0].startsWith("-");
        Arguments arguments = plain ? new Arguments(Map.of(), List.of(args)) : Usage.parse(name, args, terminal.out());
        return arguments == null ? 0 : command.run(arguments, terminal);
    }

    private static @Nullable Subcommand find(String name) {
        return switch (name) {
            case "run" -> new RunCommand();
            case "check" -> new CheckCommand();
            case "reload" -> new ReloadCommand();
            case "sniff" -> new SniffCommand();
            case "replay" -> new ReplayCommand();
            case "top" -> new TopCommand();
            case "demo" -> new DemoCommand();
            case "nutcracker" -> new NutcrackerCommand();
            case "stunnel" -> new StunnelCommand();
            case "train" -> new TrainCommand();
            default -> null;
        };
    }
}
