#!/usr/bin/python3
"""What connector.h must keep: each guard lists what breaks it.

    guards.py GUARD HEADER GOLDEN...                     layout, growth, tags or noexcept
    guards.py table HEADER                               prints HEADER's table, to be kept
    guards.py agrees COMPILER TARGET INCLUDE GOLDEN...   whether a compiler sees the kept tables
"""
import re
import subprocess
import sys

import header as reader

TAGS = ("[loader]", "[instance]", "[call-thread]", "[thread-safe]")
WIDTHS = {"x86_64": "-m64", "i386": "-m32"}
SKIPPED = 77
FIXED = {"hub_text", "hub_bytes", "hub_sink"}  # passed by value, so they never grow


def rows(header):
    """(kind, name) -> the rest of the row, of everything that a release fixes."""
    table = {}
    for name, struct in header.structs.items():
        table["struct", name] = " ".join(str(size) for size in struct.sizes.values())
        for member, kind in struct.members.items():
            numbers = [number for pair in struct.layout[member].values() for number in pair]
            table["member", f"{name}.{member}"] = " ".join([*map(str, numbers), kind])
    for name, value in header.values.items():
        table["value", name] = value
    for name, kind in header.types.items():
        table["type", name] = kind
    return table


def printed(header):
    """The table as it is kept."""
    lines = ["# For " + " and ".join(reader.TARGETS) + ": sizes of structs; offset and size of "
             "members, then the type."]
    lines += [f"{kind:<6} {name:<34} {rest}" for (kind, name), rest in rows(header).items()]
    return "\n".join(lines) + "\n"


def kept(path):
    """The rows of a table that was kept."""
    with open(path, encoding="utf-8") as file:
        split = [line.split(maxsplit=2) for line in file if not line.startswith("#")]
    return {(kind, name): rest.strip() for kind, name, rest in split}


def layout(header, golden):
    """O4: what was released stays as it is; members are appended to structs that grow."""
    present = rows(header)
    for (kind, name), expected in golden.items():
        actual = present.get((kind, name))
        if actual is None:
            yield f"{name} is gone"
        elif kind == "struct" and ("member", f"{name}.struct_size") in golden:
            yield from grown(name, header.structs[name], golden)
        elif name == "HUB_CONNECTOR_MINOR" and int(actual) >= int(expected):
            continue
        elif actual != expected:
            yield f"{name} was {expected}, and is {actual}"


def grown(name, struct, golden):
    """A new member is behind the end of the old struct, padding included: HUB_HAS tells them apart
    by struct_size."""
    ends = numbers(golden["struct", name])
    for member, targets in struct.layout.items():
        new = ("member", f"{name}.{member}") not in golden
        if new and any(at < end for (at, _), end in zip(targets.values(), ends)):
            yield f"{name}.{member} is new, and is not behind what was there"


def numbers(text):
    return [int(number) for number in text.split()]


def growth(header):
    """O4: structs begin with struct_size."""
    for name, struct in header.structs.items():
        if name not in FIXED and not struct.grows():
            yield f"{name} does not begin with struct_size"


def tags(header):
    """T1: each function's comment ends with one thread tag."""
    for function in header.functions.values():
        found = re.findall(r"\[[a-z-]+\]", function.comment)
        if not function.comment.endswith(TAGS) or len(found) != 1:
            yield f"the comment of {function.name} does not end with one of {', '.join(TAGS)}"


def noexcept(header):
    """E1: from C++17 on no function may throw."""
    for function in header.functions.values():
        if function.throws:
            yield f"{function.name}, or a callback that it takes, is not noexcept"


GUARDS = {"layout": layout, "growth": growth, "tags": tags, "noexcept": noexcept}


def run(name, path, goldens):
    """What the guard of this name says of the header in `path`."""
    header = reader.read(path)
    if name == "layout":
        return [each for golden in goldens for each in layout(header, kept(golden))]
    return list(GUARDS[name](header))


def asserts(golden, target):
    """C that compiles where a compiler sees `golden`."""
    at = list(reader.TARGETS).index(target)
    for (kind, name), rest in golden.items():
        if kind == "member":
            struct, member = name.split(".")
            offset, size = rest.split()[2 * at:2 * at + 2]
            yield (f"_Static_assert(offsetof({struct}, {member}) == {offset} && "
                   f'sizeof((({struct}*)0)->{member}) == {size}, "{name}");')
        elif kind == "value" and name not in ("HUB_CONNECTOR_ID", "HUB_CONNECTOR_MINOR"):
            yield f'_Static_assert({name} == {rest}, "{name}");'


def agrees(compiler, target, include, goldens):
    """An exit code; SKIPPED where the compiler has no C library for the target."""
    command = [compiler, "-std=c11", WIDTHS[target], "-fsyntax-only", "-I", include, "-x", "c", "-"]
    library = subprocess.run(command, input=b"#include <stdint.h>", stderr=subprocess.DEVNULL,
                             check=False)
    if library.returncode != 0:
        print(f"skipped: {compiler} has no C library for {target} (gcc-multilib)")
        return SKIPPED
    lines = ["#include <hub/connector.h>"]
    lines += [line for golden in goldens for line in asserts(kept(golden), target)]
    return subprocess.run(command, input="\n".join(lines).encode(), check=False).returncode


def main(command, *rest):
    if command == "table":
        print(printed(reader.read(rest[0])), end="")
        return 0
    if command == "agrees":
        return agrees(*rest[:3], rest[3:])
    broken = run(command, rest[0], rest[1:])
    print(*broken, sep="\n")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
