package dev.weir.mongo;

import org.jspecify.annotations.Nullable;

/** Which server speaks up to which version of the protocol (MongoDB specifications, "Wire Version Features"). */
final class ServerVersions {
    private ServerVersions() {}

    /** The server with this {@code maxWireVersion}; null if it did not say. */
    static @Nullable String of(int wireVersion) {
        return switch (wireVersion) {
            case -1 -> null;
            case 0 -> "2.4";
            case 2 -> "2.6";
            case 3 -> "3.0";
            case 4 -> "3.2";
            case 5 -> "3.4";
            case 6 -> "3.6";
            case 7 -> "4.0";
            case 8 -> "4.2";
            case 9 -> "4.4";
            case 13 -> "5.0";
            case 14 -> "5.1";
            case 15 -> "5.2";
            case 16 -> "5.3";
            case 17 -> "6.0";
            case 18 -> "6.1";
            case 19 -> "6.2";
            case 20 -> "6.3";
            case 21 -> "7.0";
            case 22 -> "7.1";
            case 23 -> "7.2";
            case 24 -> "7.3";
            case 25 -> "8.0";
            case 26 -> "8.1";
            case 27 -> "8.2";
            default -> "wire version " + wireVersion;
        };
    }
}
