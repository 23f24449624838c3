package dev.weir.mongo;

import java.util.Random;
import org.bson.BsonArray;
import org.bson.BsonBinary;
import org.bson.BsonBoolean;
import org.bson.BsonDateTime;
import org.bson.BsonDbPointer;
import org.bson.BsonDecimal128;
import org.bson.BsonDocument;
import org.bson.BsonDouble;
import org.bson.BsonInt32;
import org.bson.BsonInt64;
import org.bson.BsonJavaScript;
import org.bson.BsonJavaScriptWithScope;
import org.bson.BsonMaxKey;
import org.bson.BsonMinKey;
import org.bson.BsonNull;
import org.bson.BsonObjectId;
import org.bson.BsonRegularExpression;
import org.bson.BsonString;
import org.bson.BsonSymbol;
import org.bson.BsonTimestamp;
import org.bson.BsonUndefined;
import org.bson.BsonValue;
import org.bson.types.Decimal128;
import org.bson.types.ObjectId;

/** Documents of all types of elements, nested, with odd names, the same ones for the same seed. */
final class RandomDocuments {
    private static final int TYPES = 21;
    private static final int NESTED = 4;

    private final Random random;
    private final int deepest;
    private int left;

    /** {@code deepest} documents in documents, and about {@code elements} elements in each of them. */
    RandomDocuments(long seed, int deepest, int elements) {
        this.random = new Random(seed);
        this.deepest = deepest;
        this.left = elements;
    }

    BsonDocument next() {
        return document(0);
    }

    private BsonDocument document(int depth) {
        BsonDocument document = new BsonDocument();
        int elements = random.nextInt(8);
        for (int i = 0; i < elements && left > 0; i++) {
            left--;
            document.append(name(), value(depth));
        }
        return document;
    }

    private String name() {
        return switch (random.nextInt(12)) {
            case 0 -> "";
            case 1 -> "$" + text(6);
            case 2 -> "n".repeat(240 + random.nextInt(40));
            case 3 -> "long".repeat(random.nextInt(400));
            case 4 -> Integer.toString(random.nextInt(20));
            default -> text(12);
        };
    }

    private String text(int most) {
        StringBuilder text = new StringBuilder();
        int length = random.nextInt(most + 1);
        for (int i = 0; i < length; i++) {
            text.append(random.nextInt(6) == 0 ? "ü" : String.valueOf((char) ('a' + random.nextInt(26))));
        }
        return text.toString();
    }

    private String longer() {
        return random.nextInt(6) == 0 ? text(3_000) : text(40);
    }

    private BsonValue value(int depth) {
        int type = random.nextInt(TYPES + (depth < deepest ? NESTED : 0));
        return type < TYPES ? scalar(type) : nested(type, depth + 1);
    }

    private BsonValue nested(int type, int depth) {
        if (type % 2 == 0) {
            return document(depth);
        }
        BsonArray array = new BsonArray();
        int elements = random.nextInt(random.nextInt(5) == 0 ? 120 : 6);
        boolean documents = random.nextBoolean();
        for (int i = 0; i < elements; i++) {
            array.add(documents ? small() : left-- > 0 ? value(depth) : BsonNull.VALUE);
        }
        return array;
    }

    private BsonDocument small() {
        return new BsonDocument("a", new BsonInt32(random.nextInt()));
    }

    private BsonValue scalar(int type) {
        return switch (type) {
            case 0 -> new BsonDouble(random.nextInt(3) == 0 ? random.nextDouble() : random.nextInt(5));
            case 1, 2, 3 -> new BsonString(longer());
            case 4 -> new BsonBinary((byte) (random.nextBoolean() ? 0 : 4), bytes());
            case 5 -> new BsonBinary((byte) 2, bytes());
            case 6 -> new BsonUndefined();
            case 7 -> new BsonObjectId(new ObjectId(random.nextInt(1 << 24), random.nextInt(1 << 24)));
            case 8 -> BsonBoolean.valueOf(random.nextBoolean());
            case 9 -> new BsonDateTime(random.nextLong());
            case 10 -> BsonNull.VALUE;
            case 11 -> new BsonRegularExpression(longer(), random.nextBoolean() ? "im" : "");
            case 12 -> new BsonDbPointer(text(30), new ObjectId(1, 2));
            case 13 -> new BsonJavaScript(longer());
            case 14 -> new BsonSymbol(text(20));
            case 15 -> new BsonJavaScriptWithScope(longer(), small());
            case 16 -> new BsonInt32(random.nextInt());
            case 17 -> new BsonTimestamp(random.nextLong());
            case 18 -> new BsonInt64(random.nextLong());
            case 19 -> new BsonDecimal128(new Decimal128(random.nextLong()));
            default -> random.nextBoolean() ? new BsonMinKey() : new BsonMaxKey();
        };
    }

    private byte[] bytes() {
        byte[] bytes = new byte[random.nextInt(random.nextInt(4) == 0 ? 600 : 20)];
        random.nextBytes(bytes);
        return bytes;
    }
}
