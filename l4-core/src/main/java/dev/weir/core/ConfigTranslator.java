package dev.weir.core;

import dev.weir.core.config.ConfigErrors;
import dev.weir.core.config.ConfigNode;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Instant;
import java.util.List;
import java.util.Map;

/**
 * Turns the configuration file of another program into one of Weir's. Found by {@link java.util.ServiceLoader}; the program that stands in for the
 * other one asks for it by name. A translator keeps no state and may be called on any thread.
 */
public interface ConfigTranslator {
    /** Name of the other program, as it is called: {@code nutcracker}. */
    String name();

    /**
     * Translates a file. Whatever is wrong with it is reported to the file's errors, each problem at its place; then the answer is never used.
     * What is right there and cannot be had here is such a problem, too, unless it makes no difference to anybody: then it is a note.
     */
    Translation translate(ForeignFile file);

    /** The file of the other program. */
    interface ForeignFile {
        /** Its name, as it was given. */
        String name();

        /** All of its text. */
        String text();

        /**
         * Its text read as YAML, whose root is a map; an empty map, after a report, if it is none. Single values keep their spelling in {@link
         * ConfigNode#text}.
         *
         * @param root what the root is expected to be, in words: {@code a map of pools}
         */
        ConfigNode yaml(String root);

        /** Where problems are reported. */
        ConfigErrors errors();
    }

    /**
     * What came of a file.
     *
     * @param configuration the same in the language of Weir's own file: what {@link ConfigNode#of} takes, with the places of the foreign file where
     *     something may be wrong that only shows when it is applied
     * @param notes what the file says without any effect here, a line each, for people
     * @param status what the other program tells of itself while it runs
     * @param process what the file says of the process and of how it tells what happens, for the program that stands in for the other one: its own names
     *     of options, and those that the translator documents
     */
    record Translation(
            Map<String, Object> configuration, List<String> notes, Status status, Map<String, String> process) {
        /** Copies what is no configuration. */
        public Translation {
            notes = List.copyOf(notes);
            process = Map.copyOf(process);
        }

        /** Of a file that says nothing of the process. */
        public Translation(Map<String, Object> configuration, List<String> notes, Status status) {
            this(configuration, notes, status, Map.of());
        }
    }

    /** The statistics of the other program, in its own words. */
    interface Status {
        /** The whole text at this moment. On any thread but an event loop. */
        String text(Running running);
    }

    /**
     * The proxy that runs a translated configuration.
     *
     * @param version its version
     * @param started when it was started
     * @param now the time
     * @param meters all of its meters; they count
     * @param clusters its clusters
     */
    record Running(
            String version, Instant started, Instant now, MeterRegistry meters, List<Proxy.ClusterStatus> clusters) {
        /** Copies the list. */
        public Running {
            clusters = List.copyOf(clusters);
        }
    }
}
