package dev.weir.mongo;

/** Reads a message without looking at it. */
final class Ignoring implements Body.Reader {
    static final Ignoring READER = new Ignoring();

    private Ignoring() {}

    @Override
    public void flags(int flags) {}

    @Override
    public NameTable names() {
        return FieldNames.TABLE;
    }

    @Override
    public int sequence(byte[] a, int name, int nameEnd) {
        return 0;
    }

    @Override
    public void sequenceEnds(int documents) {}

    @Override
    public int document() {
        return 1;
    }

    @Override
    public int element(int context, int type, int field, byte[] a, int name, int nameEnd, int value, int length) {
        return SKIP;
    }

    @Override
    public void counted(int context, int elements) {}

    @Override
    public void ends(int context) {}
}
