"""What connector.h declares, as a compiler sees it."""
import re
from dataclasses import dataclass, field

from clang.cindex import CursorKind, Diagnostic, Index, TypeKind

# With -ffreestanding clang brings its own <stddef.h> and <stdint.h>: no C library of the target is
# needed.
TARGETS = {"x86_64": "x86_64-linux-gnu", "i386": "i386-linux-gnu"}


class Unreadable(Exception):
    """The header does not compile."""


@dataclass
class Function:
    """A function, or a member that points to one."""
    name: str
    comment: str
    throws: bool  # it, or one that it takes, may throw


@dataclass
class Struct:
    sizes: dict = field(default_factory=dict)  # target -> size
    members: dict = field(default_factory=dict)  # name -> type
    layout: dict = field(default_factory=dict)  # name -> {target -> (offset, size)}

    def grows(self):
        return next(iter(self.members.items())) == ("struct_size", "size_t")


@dataclass
class Header:
    structs: dict = field(default_factory=dict)  # name -> Struct
    values: dict = field(default_factory=dict)  # enumerator or macro -> its text
    types: dict = field(default_factory=dict)  # typedef or symbol -> its type
    functions: dict = field(default_factory=dict)  # name -> Function


def prose(comment):
    """A comment without its stars and line ends."""
    return " ".join(re.sub(r"^\s*(/\*|\*(?!/))|\*/\s*$", "", comment or "", flags=re.M).split())


def function_type(kind):
    """The function that `kind` is or points to, or None."""
    kind = kind.get_canonical()
    if kind.kind == TypeKind.POINTER:
        kind = kind.get_pointee()
    return kind if kind.kind == TypeKind.FUNCTIONPROTO else None


def throws(kind):
    function = function_type(kind)
    return function is not None and (not function.spelling.endswith(" noexcept")
                                     or any(map(throws, function.argument_types())))


def declarations(unit, path):
    for cursor in unit.cursor.get_children():
        if cursor.location.file is None or cursor.location.file.name != path:
            continue
        if cursor.kind in (CursorKind.LINKAGE_SPEC, CursorKind.UNEXPOSED_DECL):  # extern "C"
            yield from cursor.get_children()
        else:
            yield cursor


def read(path):
    """The Header in `path`, read as C++17, where noexcept is part of a function's type."""
    path = str(path)
    header = Header()
    for target, triple in TARGETS.items():
        unit = Index.create().parse(path, options=1,  # with macros
                                    args=["-x", "c++", "-std=c++17", "-ffreestanding",
                                          "-fparse-all-comments", "-target", triple])
        wrong = [str(each) for each in unit.diagnostics if each.severity >= Diagnostic.Error]
        if wrong:
            raise Unreadable("\n".join(wrong))
        for cursor in declarations(unit, path):
            add(header, target, cursor)
    return header


def add(header, target, cursor):
    name = cursor.spelling
    if cursor.kind == CursorKind.STRUCT_DECL and cursor.is_definition():
        struct = header.structs.setdefault(name, Struct())
        struct.sizes[target] = cursor.type.get_size()
        for member in cursor.type.get_fields():
            struct.members[member.spelling] = member.type.spelling
            struct.layout.setdefault(member.spelling, {})[target] = (
                member.get_field_offsetof() // 8, member.type.get_size())
            # What a struct of one function says of itself is about that.
            add_function(header, f"{name}.{member.spelling}", member.type,
                         member.raw_comment or cursor.raw_comment)
    elif cursor.kind == CursorKind.ENUM_DECL:
        for value in cursor.get_children():
            header.values[value.spelling] = str(value.enum_value)
    elif cursor.kind == CursorKind.MACRO_DEFINITION:
        tokens = [token.spelling for token in cursor.get_tokens()]
        if len(tokens) == 2 and name != "HUB_NOEXCEPT":  # a name and its value
            header.values[name] = tokens[1]
    elif cursor.kind == CursorKind.TYPEDEF_DECL:
        if cursor.underlying_typedef_type.spelling not in (name, f"struct {name}"):
            header.types[name] = cursor.underlying_typedef_type.spelling
    elif cursor.kind == CursorKind.FUNCTION_DECL:
        header.types[cursor.mangled_name] = cursor.type.spelling
        add_function(header, name, cursor.type, cursor.raw_comment)


def add_function(header, name, kind, comment):
    if function_type(kind):
        header.functions[name] = Function(name, prose(comment), throws(kind))
