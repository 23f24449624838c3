package dev.weir.proxy;

/** Entry point of the program. Placeholder until the command line is there. */
public final class Main {
    private Main() {}

    /**
     * Prints the version.
     *
     * @param args the command line, not looked at yet
     */
    public static void main(String[] args) {
        String version = Main.class.getPackage().getImplementationVersion();
        System.out.println("weir " + (version == null ? "(development)" : version));
    }
}
