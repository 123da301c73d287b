#!/usr/bin/python3
"""Each guard notices what it is there for: breaks one thing in a copy of connector.h, and expects
the guard that is named to say so.

    breaks_test.py HEADER GOLDEN
"""
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

import guards

HEADER, GOLDEN = pathlib.Path(sys.argv[1]), sys.argv[2]
COMPILES = pathlib.Path(__file__).with_name("compiles")
ABIDIFF = pathlib.Path(__file__).parent.parent / "abidiff"

LAST_OF_CALL = """\
  hub_status (*secret_end)(const hub_call* call, hub_text name, uint64_t fence) HUB_NOEXCEPT;
"""
ONE_MORE = LAST_OF_CALL + """
  /* How urgent it is. [thread-safe] */
  int32_t (*priority)(const hub_call* call) HUB_NOEXCEPT;
"""
EFFECT = "  hub_effect effect;\n"
STRUCT = """#if defined(_WIN32)
"""

# What is done, the guard that notices, what it names, the text, and what stands there instead.
BREAKS = [
    ("a member is removed", "layout", "hub_error.http_status is gone",
     "  int32_t http_status; ", "  //"),
    ("a function is removed", "layout", "hub_host.query is gone",
     "  const void* (*query)(const hub_host* host, const char* id)HUB_NOEXCEPT;\n", ""),
    ("members change places", "layout", "hub_error.retry",
     "  hub_retry retry;\n" + EFFECT, EFFECT + "  hub_retry retry;\n"),
    ("functions change places", "layout", "hub_host.now_unix_ms",
     "(*now_unix_ms)(const hub_host* host) HUB_NOEXCEPT;\n\n"
     "  /* Nanoseconds of a clock that never jumps. [thread-safe] */\n"
     "  int64_t (*now_monotonic_ns)",
     "(*now_monotonic_ns)(const hub_host* host) HUB_NOEXCEPT;\n\n"
     "  /* Milliseconds. [thread-safe] */\n  int64_t (*now_unix_ms)"),
    ("a member is renamed", "layout", "hub_call.attempt is gone",
     "  uint32_t attempt; ", "  uint32_t attempts;"),
    ("a member becomes wider", "layout", "hub_error.http_status was",
     "  int32_t http_status; ", "  int64_t http_status; "),
    ("a member becomes unsigned", "layout", "hub_error.retry_after_ms was",
     "  int64_t retry_after_ms;", "  uint64_t retry_after_ms;"),
    ("an argument changes its type", "layout", "hub_call.off_cancel was",
     "(*off_cancel)(const hub_call* call, uint64_t id)",
     "(*off_cancel)(const hub_call* call, int64_t id)"),
    ("an argument is added", "layout", "hub_connector.close was",
     "(*close)(hub_instance* instance)", "(*close)(hub_instance* instance, int32_t why)"),
    ("what is lent may be changed", "layout", "hub_call.fail was",
     "(*fail)(const hub_call* call, const hub_error* error)",
     "(*fail)(const hub_call* call, hub_error* error)"),
    ("a member is put in the middle", "layout", "hub_error.reason was",
     EFFECT, EFFECT + "  int64_t since_ms;\n"),
    ("a struct that is passed by value grows", "layout", "hub_text was",
     "  const char* data;\n  size_t size;\n", "  const char* data;\n  size_t size;\n  int kind;\n"),
    ("a value changes", "layout", "HUB_ABORTED was", "HUB_ABORTED = 10,", "HUB_ABORTED = 20,"),
    ("a value is removed", "layout", "HUB_DATA_LOSS is gone", "  HUB_DATA_LOSS = 15,\n", ""),
    ("an enumeration's type changes", "layout", "hub_status was",
     "typedef int32_t hub_status;", "typedef int16_t hub_status;"),
    ("the id changes", "layout", "HUB_CONNECTOR_ID was", '"hub.connector/1"\n',
     '"hub.connector/2"\n'),
    ("the entry becomes C++", "layout", "hub_connector_query is gone",
     'extern "C" {\n#endif', 'extern "C++" {\n#endif'),
    ("a tag is dropped", "tags", "hub_call.log", "  /* Logs under this call. The host redacts and "
     "copies. [thread-safe] */", "  /* Logs under this call. The host redacts and copies. */"),
    ("a tag is misspelt", "tags", "hub_connector.invoke",
     "receives its JSON. [instance] */", "receives its JSON. [instances] */"),
    ("a tag is not at the end", "tags", "hub_connector.close",
     "/* Ends the instance. [instance] */", "/* [instance] Ends the instance. */"),
    ("a function has two tags", "tags", "hub_host.query",
     "or NULL. `id` ends with NUL. [thread-safe] */\n  const void* (*query)(const hub_host*",
     "or NULL. [loader] [thread-safe] */\n  const void* (*query)(const hub_host*"),
    ("a new function has no comment", "tags", "hub_call.priority", LAST_OF_CALL,
     ONE_MORE.replace("  /* How urgent it is. [thread-safe] */\n", "")),
    ("a function may throw", "noexcept", "hub_connector.describe",
     "(*describe)(hub_sink description) HUB_NOEXCEPT", "(*describe)(hub_sink description)"),
    ("a callback may throw", "noexcept", "hub_call.on_cancel",
     "void (*callback)(void* argument) HUB_NOEXCEPT", "void (*callback)(void* argument)"),
    ("a new function may throw", "noexcept", "hub_call.priority", LAST_OF_CALL,
     ONE_MORE.replace("(*priority)(const hub_call* call) HUB_NOEXCEPT",
                      "(*priority)(const hub_call* call)")),
    ("no function is noexcept", "noexcept", "hub_connector_query",
     "#define HUB_NOEXCEPT noexcept", "#define HUB_NOEXCEPT"),
    ("a new struct cannot grow", "growth", "hub_metrics", STRUCT,
     "typedef struct hub_metrics {\n  int64_t calls;\n} hub_metrics;\n" + STRUCT),
    ("it takes a header for granted", "compiles", "bool",
     "  int32_t (*cancelled)", "  bool (*cancelled)"),
    ("a name is a word of C++", "compiles", "error",
     "hub_text operation,", "hub_text operator,"),
    ("a compiler warns", "compiles", "error", "} hub_connector;", "} hub_connector;;"),
]

LEGAL = [
    ("a function is appended", LAST_OF_CALL, ONE_MORE),
    ("a member is appended to an error", "or a JSON object */\n",
     "or a JSON object */\n  hub_text trace_id;\n"),
    ("the minor goes up", "#define HUB_CONNECTOR_MINOR 0", "#define HUB_CONNECTOR_MINOR 1"),
    ("a value is added", "  HUB_RETRY_FROM_START = 2 ",
     "  HUB_RETRY_LATER = 3,\n  HUB_RETRY_FROM_START = 2 "),
    ("a struct that can grow is added", STRUCT,
     "typedef struct hub_metrics {\n  size_t struct_size;\n} hub_metrics;\n" + STRUCT),
    ("a comment changes", "/* Gives the lease back. [call-thread] */",
     "/* Ends the lease. [call-thread] */"),
]


def failure(*command):
    """What the command says when it fails."""
    run = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                         check=False)
    return [run.stdout] if run.returncode != 0 else []


def compiles(include):
    for compiler, standard in (("gcc", "c99"), ("gcc", "c++20"), ("clang", "c++11")):
        yield from failure(COMPILES, compiler, standard, "64", include)


def abidiff(include):
    library = include / "types.so"
    return (failure("gcc", "-g", "-shared", "-fPIC", "-I", include, "-o", library,
                    ABIDIFF / "types.c")
            or failure("abidiff", "--harmless", ABIDIFF / "types.abi", library))


class Guards(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.include = pathlib.Path(scratch.name)
        self.copy = self.include / "hub/connector.h"
        self.copy.parent.mkdir()

    def change(self, old, new):
        """Makes the copy anew, with `new` where `old` stood."""
        text = HEADER.read_text(encoding="utf-8")
        self.assertEqual(text.count(old), 1, f"this must stand in the header once:\n{old}")
        self.copy.write_text(text.replace(old, new), encoding="utf-8")

    def said(self, *names, golden=GOLDEN):
        return [each for name in names
                for each in (compiles(self.include) if name == "compiles" else
                             guards.run(name, self.copy, [golden]))]

    def test_notice_each_break(self):
        for what, guard, named, old, new in BREAKS:
            with self.subTest(what):
                self.change(old, new)
                self.assertIn(named, "\n".join(self.said(guard)))

    def test_are_joined_by_abidiff(self):
        for what, guard, named, old, new in BREAKS:
            member = re.match(r"hub_\w+\.(\w+)", named)
            if guard == "layout" and member:
                with self.subTest(what):
                    self.change(old, new)
                    self.assertIn(member[1], "\n".join(abidiff(self.include)))

    def test_let_pass_what_is_legal(self):
        for what, old, new in LEGAL:
            with self.subTest(what):
                self.change(old, new)
                self.assertEqual(self.said(*guards.GUARDS, "compiles"), [])

    def test_notice_a_member_in_the_padding_of_the_last_release(self):
        released = self.include / "released.txt"
        last = "  hub_text detail_json; "
        self.change(last, last.replace("detail_json;", "detail_json; int32_t kind;"))
        released.write_text(guards.printed(guards.reader.read(self.copy)), encoding="utf-8")
        self.assertEqual(self.said("layout", golden=released), [])
        self.change(last, last.replace("detail_json;", "detail_json; int32_t kind, more;"))
        self.assertEqual(self.said("layout", golden=released),
                         ["hub_error.more is new, and is not behind what was there"])

    def test_are_each_tried(self):
        self.assertEqual({guard for _, guard, *_ in BREAKS}, {*guards.GUARDS, "compiles"})


if __name__ == "__main__":
    print(f"breaks of the header: {len(BREAKS)} tried, {len(LEGAL)} legal changes")
    unittest.main(argv=sys.argv[:1], verbosity=2)
