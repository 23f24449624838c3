"""The shape of a command for its digest, by the rules in docs/filters/mongo.md ("Digests"), for expect-wire.py."""
import re

from bson import DBRef

MOST_BYTES, MOST_DEPTH, MOST_NAME, MOST_TARGETS = 1024, 24, 255, 8

NEVER = {"$literal", "$const", "$comment"}
COMPARES = {"$eq", "$ne", "$gt", "$gte", "$lt", "$lte", "$in", "$nin", "$all"}
NUMBER = re.compile(r"[0-9]+|[0-9a-fA-F]{24}|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
# Where the names of collections stand below the stages that have any.
NAMES = {"$lookup": {"from"}, "$graphLookup": {"from"}, "$unionWith": {"coll"}, "$out": {"coll"}, "$merge": {"into"}}


def name(key):
    """A field's name: components that are data are shown as such."""
    if key.startswith("$"):
        return key
    return ".".join("?" if NUMBER.fullmatch(part) else part for part in key.split("."))


def is_document(value):
    return isinstance(value, (dict, DBRef))


def items(value):
    document = value.as_doc() if isinstance(value, DBRef) else value
    return [(key, one) for key, one in document.items() if len(key.encode()) <= MOST_NAME]


def first_key(value):
    found = list((value.as_doc() if isinstance(value, DBRef) else value).keys())
    return found[0] if found else ""


def operator(value):
    return is_document(value) and first_key(value).startswith("$")


class Shape:
    """Text of documents; what is nested deeper than MOST_DEPTH brackets is a value."""

    def __init__(self):
        self.depth = 0

    def nested(self, opening, closing, write):
        if self.depth == MOST_DEPTH:
            return "?"
        self.depth += 1
        text = opening + ", ".join(write()) + closing
        self.depth -= 1
        return text

    def document(self, value, above=""):
        """Each element by its name; above is the operator that the document belongs to."""
        return self.nested("{", "}", lambda: [f"{name(key)}: {self.element(key, one, above)}" for key, one in items(value)])

    def element(self, key, value, above):
        if key in NAMES.get(above, ()):
            return self.collection(value)
        if above in ("$lookup", "$unionWith") and key == "pipeline" or above == "$facet":
            return self.array(value, "$pipeline") if isinstance(value, list) else "?"
        if above == "$sort" and not isinstance(value, bool) and isinstance(value, (int, float)) and value in (1, -1):
            return str(int(value))
        return self.value(value, key if key.startswith("$") else "")

    def collection(self, value):
        """The name of a collection, also as {db, coll}."""
        if isinstance(value, str):
            return value
        if is_document(value):
            return self.document(value, "$out")
        return "?"

    def value(self, value, above):
        """A value under an operator, or under a plain name (above is empty)."""
        if above in NEVER or not above and not operator(value):
            return "?"
        if above in ("$unionWith", "$out", "$merge") and isinstance(value, str):
            return value
        if isinstance(value, list):
            return self.array(value, above)
        if not is_document(value) or above in COMPARES and not operator(value):
            return "?"
        return self.document(value, above)

    def array(self, value, above):
        def write():
            shown = []
            for one in value:
                # An array that is compared with is a value, as documents are.
                text = "?" if above in COMPARES and isinstance(one, list) else self.value(one, above)
                if not shown or shown[-1] != text:
                    shown.append(text)
            return shown or ["?"]

        return self.nested("[", "]", write)


def document(value):
    return [Shape().document(value)] if is_document(value) else []


def sort(value):
    return ["sort " + Shape().document(value, "$sort")] if is_document(value) else []


def change(value):
    """An update: operators, a pipeline, or a replacement, which is a value."""
    if isinstance(value, list):
        return [Shape().array(value, "$pipeline")]
    return document(value) if operator(value) else ["?"] if is_document(value) else []


def parts(command, body, sequences):
    """What selects, in the order of the bytes; all that is behind the name of the collection."""

    def statements(field):
        found = list(sequences.get(field) or ()) or body.get(field)
        return found[0].items() if isinstance(found, list) and found and is_document(found[0]) else ()

    shown = []
    for key, value in body.items():
        if key in ("filter", "query"):
            shown += document(value)
        elif (command, key) in {("find", "sort"), ("findAndModify", "sort")}:
            shown += sort(value)
        elif (command, key) == ("findAndModify", "update"):
            shown += change(value)
        elif (command, key) == ("findAndModify", "remove") and value:
            shown += ["remove"]
        elif (command, key) == ("distinct", "key") and isinstance(value, str):
            shown += [name(value)]
        elif (command, key) == ("aggregate", "pipeline") and isinstance(value, list):
            shown += [Shape().array(value, "$pipeline")]
    if command == "update":
        for key, value in statements("updates"):
            shown += document(value) if key == "q" else change(value) if key == "u" else []
    if command == "delete":
        for key, value in statements("deletes"):
            shown += document(value) if key == "q" else []
    return shown


def cut(text, most=MOST_BYTES, behind=" ..."):
    """At most so many bytes, no character cut."""
    data = text.encode()
    return text if len(data) <= most else data[:most].decode(errors="ignore") + behind


def statement(command, collection, shown):
    """The text of a command; what is behind the collection is bounded."""
    return f"{command} {collection}" + cut("".join(" " + part for part in shown))


def targets(pipeline):
    """Collections that the stages of a pipeline name."""
    found = []
    for stage in pipeline if isinstance(pipeline, list) else ():
        for key, value in items(stage) if is_document(stage) else ():
            if key in ("$unionWith", "$out", "$merge") and isinstance(value, str):
                found.append(value)
            elif key == "$facet" and is_document(value):
                for _, inner in items(value):
                    found += targets(inner)
            elif key in NAMES and is_document(value):
                for inner, what in items(value):
                    if inner in NAMES[key]:
                        one = what.get("coll") if is_document(what) else what
                        found += [one] if isinstance(one, str) else []
                    elif inner == "pipeline":
                        found += targets(what)
    return found
