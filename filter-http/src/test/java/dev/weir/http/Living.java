package dev.weir.http;

import java.lang.management.ManagementFactory;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.management.JMException;
import javax.management.ObjectName;

/** What lives in the heap of this JVM, after a collection. */
final class Living {
    private Living() {}

    /** How many objects there are of classes whose full names match. */
    static int count(String classes) throws JMException {
        String all = (String) ManagementFactory.getPlatformMBeanServer()
                .invoke(
                        new ObjectName("com.sun.management:type=DiagnosticCommand"),
                        "gcClassHistogram",
                        new Object[] {new String[0]},
                        new String[] {String[].class.getName()});
        Matcher line =
                Pattern.compile("(\\d+) +\\d+ +(?:" + classes + ")(?![\\w$.])").matcher(all);
        int sum = 0;
        while (line.find()) {
            sum += Integer.parseInt(line.group(1));
        }
        return sum;
    }
}
