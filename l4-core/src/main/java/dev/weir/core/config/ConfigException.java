package dev.weir.core.config;

import java.util.List;

/** A configuration that cannot be used; the message is the full report, a line a problem. */
public final class ConfigException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final transient List<ConfigErrors.Problem> problems;

    /** {@code source} is a file name, or another word for where the configuration came from. */
    public ConfigException(String source, List<ConfigErrors.Problem> problems) {
        super(report(source, problems));
        this.problems = problems;
    }

    private static String report(String source, List<ConfigErrors.Problem> problems) {
        StringBuilder out = new StringBuilder(source)
                .append(": ")
                .append(problems.size())
                .append(problems.size() == 1 ? " problem" : " problems");
        int width = problems.stream()
                .mapToInt(p -> p.path().length() + p.problem().length() + 2)
                .filter(n -> n <= 90)
                .max()
                .orElse(0);
        for (ConfigErrors.Problem p : problems) {
            String text = p.path().isEmpty() ? p.problem() : p.path() + ": " + p.problem();
            out.append("\n  ").append(text);
            if (p.line() > 0) {
                out.append(" ".repeat(Math.max(0, width - text.length())))
                        .append("   ")
                        .append(p.line())
                        .append(':')
                        .append(p.column());
            }
        }
        return out.toString();
    }

    /** All problems. */
    public List<ConfigErrors.Problem> problems() {
        return problems;
    }
}
