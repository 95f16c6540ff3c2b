#!/usr/bin/env python3
"""YAML documents by chance, and what two programs read in them: the oracle of tests/e2e/cases/kustomize.sh.

    documents.py make SEED COUNT DIRECTORY      writes COUNT files, each one ConfigMap with odd contents
    documents.py judge KUBECTL RWML REFUSED     objects as JSON texts, one behind the other; REFUSED: "FILE CODE" lines
"""
import json
import os
import random
import sys

# What YAML 1.1, YAML 1.2 and Go read in different ways, and what looks like it.
PLAIN = """
yes no on off y n Y N true True TRUE false null Null ~ Yes NO
0 1 -1 +1 007 0644 0o17 0x1F 0b101 08 09 1_000 -0 00 1__0 0x 0b2
1.0 1.10 .5 5. 1e3 1E3 1e+3 -1.5e-3 1e400 .inf -.Inf .nan .NaN 0.1 1.5 123456789.0 1e21 1e20
9223372036854775807 9223372036854775808 18446744073709551615 -9223372036854775808 99999999999999999999
1:20 12:30:45 190:20:30 2001-01-01 2001-12-14t21:59:43.10-05:00 20:30.5
a abc a-b a.b a:b a#b x,y x[1] a{b} = << - -- --- ... .. . a=b 0.0.0.0 v1.0 latest sha256:0123
text\\ntext @at `tick %percent &x *x !x |x >x 'x "x ä€ 𝄞 é
""".split()
QUOTED = ["", " ", "yes", "0644", "1.10", "a: b", "# no", "a\tb", "\u2028", "x y  z", "null", "~", "'", '"', "\\", "ä€𝄞"]
KEYS = ["a", "b.c", "d-e", "f_g", "'1'", '"yes"', '"null"', "h/i", "k", "ü", "1", "1.5", "y", "true", "~", "0x10", "? q"]


class Maker:
    def __init__(self, seed):
        self.r = random.Random(seed)
        self.anchors = []

    def scalar(self):
        kind = self.r.randrange(6)
        if kind < 4:
            return self.r.choice(PLAIN)
        text = self.r.choice(QUOTED)
        if kind == 4:
            return "'" + text.replace("'", "''") + "'"
        return json.dumps(text, ensure_ascii=self.r.random() < 0.5)

    def tagged(self):
        tag = self.r.choice(["!!str ", "!!int ", "!!float ", "!!bool ", "!!null ", "!own ", "!!binary "])
        return tag + self.scalar()

    def flow(self, depth):
        kind = self.r.randrange(5) if depth else 4
        if kind == 0:
            return "[" + ", ".join(self.flow(depth - 1) for _ in range(self.r.randrange(4))) + "]"
        if kind == 1:
            return "{" + ", ".join(f"{self.key()}: {self.flow(depth - 1)}" for _ in range(self.r.randrange(3))) + "}"
        return self.scalar()

    def key(self):
        return self.r.choice(KEYS[:9] if self.r.random() < 0.9 else KEYS)

    def block_text(self, indent):
        pad = " " * (indent + 2)
        head = self.r.choice(["|", ">", "|-", ">-", "|+", ">+"])
        lines = [self.r.choice(["text", "two words", "", "  deeper", "# no comment", "a: b", "- c", "trailing "]) for _ in range(3)]
        return head + "\n" + "".join(f"{pad}{line}\n" if line else "\n" for line in ["first", *lines])

    def value(self, indent, depth):
        """What stands behind a key: with its line break."""
        kind = self.r.randrange(14) if depth else 12
        pad = " " * (indent + 2)
        if kind == 0:
            return "\n" + "".join(f"{pad}{key}: {self.value(indent + 2, depth - 1)}" for key in self.keys())
        if kind == 1:
            return "\n" + "".join(f"{pad}- {self.flow(depth - 1)}\n" for _ in range(self.r.randrange(1, 4)))
        if kind == 2:
            return self.block_text(indent)
        if kind == 3:
            return self.flow(depth) + self.r.choice(["\n", " # comment\n", "  \n"])
        if kind == 4 and self.anchors:
            return "*" + self.r.choice(self.anchors) + "\n"
        if kind == 5:
            name = f"a{len(self.anchors)}"
            text = f"&{name} {self.flow(depth)}\n"
            self.anchors.append(name)
            return text
        if kind == 6:
            return "\n"
        if kind == 7:
            return self.tagged() + "\n"
        if kind == 8:
            return "first\n" + pad + self.r.choice(["second", "third: no", "# gone"]) + "\n"
        return self.scalar() + "\n"

    def keys(self):
        keys = [self.key() for _ in range(self.r.randrange(1, 4))]
        return keys if self.r.random() < 0.05 else list(dict.fromkeys(keys))

    def document(self, name):
        text = f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n"
        text += "".join(f"x{i}: {self.value(0, 3)}" for i in range(self.r.randrange(1, 5)))
        if self.anchors and self.r.random() < 0.2:
            text += f"merged:\n  <<: *{self.r.choice(self.anchors)}\n  own: 1\n"
        odd = self.r.randrange(40)
        if odd == 0:
            text = text.replace("\n", "\r\n")
        elif odd == 1:
            text = "\ufeff" + text
        elif odd == 2:
            text = "# comment\n---\n" + text + "---\n"
        elif odd == 3:
            text = text.replace(": ", ":\t", 1)
        elif odd == 4:
            text = text.replace("\n  ", "\n\t", 1)
        elif odd == 5:
            text = text.rstrip("\n")
        return text


def make(seed, count, directory):
    for i in range(count):
        text = Maker(f"{seed}/{i}").document(f"d{i}")
        with open(os.path.join(directory, f"d{i}.yaml"), "w", encoding="utf-8", newline="") as out:
            out.write(text)


def objects(path):
    """Objects by name, as kubectl prints them, or among rwml's events. Numbers stay what they are, which they do not in jq."""
    decoder, found, at = json.JSONDecoder(), {}, 0
    with open(path, encoding="utf-8") as source:
        text = source.read()
    while text[at:].strip():
        at += len(text[at:]) - len(text[at:].lstrip())
        value, at = decoder.raw_decode(text, at)
        if "event" in value:
            if value["event"] != "object":
                continue
            value = value["object"]
        for one in value["items"] if value.get("kind") == "List" else [value]:
            found[one["metadata"]["name"]] = one
    return found


def judge(kubectl_path, rwml_path, refused_path):
    kubectl, rwml = objects(kubectl_path), objects(rwml_path)
    with open(refused_path, encoding="utf-8") as source:
        refused = dict(line.split() for line in source)
    wrong = 0
    for name in sorted(kubectl.keys() | rwml.keys()):
        if name not in kubectl:
            wrong += 1
            print(f"{name}: kubectl refuses what rwml reads as {json.dumps(rwml[name])}")
        elif name in rwml and json.dumps(rwml[name], sort_keys=True) != json.dumps(kubectl[name], sort_keys=True):
            wrong += 1
            print(f"{name}: kubectl {json.dumps(kubectl[name])}\n{name}: rwml    {json.dumps(rwml[name])}")
        elif name not in rwml and refused.get(name) not in ("RW1108", "RW1109"):
            wrong += 1
            print(f"{name}: refused with {refused.get(name)}, which is no rule of rwml's own")
    on_purpose = sum(name in kubectl for name in refused)
    print(f"{len(rwml)} equal, {on_purpose} refused on purpose, {len(refused) - on_purpose} refused by both, {wrong} wrong")
    return wrong


if sys.argv[1] == "make":
    make(sys.argv[2], int(sys.argv[3]), sys.argv[4])
else:
    sys.exit(judge(*sys.argv[2:5]) != 0)
