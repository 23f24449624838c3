package dev.weir.core.exchange;

/** Times as {@code 2026-11-21T10:15:30.123456Z}, always that long; without the garbage of a formatter. */
final class Rfc3339 {
    static final int LENGTH = 27;
    private static final long DAY = 86_400_000_000L;

    private Rfc3339() {}

    /** Writes a time of the years 0…9999 into {@code out}, which is {@link #LENGTH} long. */
    static void write(long epochMicros, char[] out) {
        long days = Math.floorDiv(epochMicros, DAY);
        long micros = Math.floorMod(epochMicros, DAY);
        date(days, out);
        out[10] = 'T';
        digits(out, 11, 2, micros / 3_600_000_000L);
        out[13] = ':';
        digits(out, 14, 2, micros / 60_000_000 % 60);
        out[16] = ':';
        digits(out, 17, 2, micros / 1_000_000 % 60);
        out[19] = '.';
        digits(out, 20, 6, micros % 1_000_000);
        out[26] = 'Z';
    }

    /** Years that begin in March, in eras of 400: the day of a leap year comes last. */
    private static void date(long epochDays, char[] out) {
        long day = epochDays + 719_468;
        long era = Math.floorDiv(day, 146_097);
        long ofEra = day - era * 146_097;
        long yearOfEra = (ofEra - ofEra / 1_460 + ofEra / 36_524 - ofEra / 146_096) / 365;
        long ofYear = ofEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100);
        long fromMarch = (5 * ofYear + 2) / 153;
        long month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9;
        digits(out, 0, 4, yearOfEra + era * 400 + (month <= 2 ? 1 : 0));
        out[4] = '-';
        digits(out, 5, 2, month);
        out[7] = '-';
        digits(out, 8, 2, ofYear - (153 * fromMarch + 2) / 5 + 1);
    }

    private static void digits(char[] out, int at, int count, long value) {
        long left = value;
        for (int i = at + count - 1; i >= at; i--) {
            out[i] = (char) ('0' + left % 10);
            left /= 10;
        }
    }
}
