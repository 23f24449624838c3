package dev.weir.proxy;

import org.jspecify.annotations.Nullable;

/** The version of the program. */
final class Version {
    private Version() {}

    /** As in the manifest of the jar; {@code development} outside of one. */
    static String text() {
        @Nullable String version = Version.class.getPackage().getImplementationVersion();
        return version == null ? "development" : version;
    }
}
