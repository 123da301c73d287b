#!/usr/bin/python3
"""Makes the next minor of connector.h, as it could be: a member more in each struct that grows, and
a value more.

    grow.py HEADER GROWN
"""
import pathlib
import re
import sys

APPENDED = {
    "hub_error": "hub_text trace_id;",
    "hub_host": "int64_t (*booted_ms)(const hub_host* host) HUB_NOEXCEPT;",
    "hub_call": "int32_t (*priority)(const hub_call* call) HUB_NOEXCEPT;",
    "hub_connector": "hub_status (*warm)(void) HUB_NOEXCEPT;",
}


def once(pattern, replacement, text):
    text, count = re.subn(pattern, replacement, text, flags=re.S)
    assert count == 1, f"{count} times in the header: {pattern}"
    return text


text = pathlib.Path(sys.argv[1]).read_text(encoding="utf-8")
for struct, member in APPENDED.items():
    text = once(rf"(struct {struct} {{\n.*?)(\n}})", rf"\g<1>\n  {member}\g<2>", text)
text = once(r"(HUB_RETRY_FROM_START = 2)", r"HUB_RETRY_LATER = 99, \1", text)
minor = re.search(r"#define HUB_CONNECTOR_MINOR (\d+)", text)
text = text.replace(minor[0], f"#define HUB_CONNECTOR_MINOR {int(minor[1]) + 1}\n#define GROWN")
grown = pathlib.Path(sys.argv[2])
grown.parent.mkdir(parents=True, exist_ok=True)
grown.write_text(text, encoding="utf-8")
