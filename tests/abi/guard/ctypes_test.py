#!/usr/bin/python3
"""The host in Python declares what was released: ctypes_test.py DIRECTORY_OF_HUB_CONNECTOR GOLDEN"""
import sys

import guards

sys.path.insert(0, sys.argv[1])
import hub_connector as hub  # noqa: E402

STRUCTS = {"hub_text": hub.Text, "hub_bytes": hub.Bytes, "hub_sink": hub.Sink,
           "hub_error": hub.Error, "hub_host": hub.Host, "hub_call": hub.Call,
           "hub_connector": hub.Connector}

wrong = []
for (kind, name), rest in guards.kept(sys.argv[2]).items():
    if kind == "member":
        struct, member = name.split(".")
        declared = getattr(STRUCTS[struct], member)
        if [str(declared.offset), str(declared.size)] != rest.split()[:2]:
            wrong.append(f"{name} is at {declared.offset} with {declared.size} bytes, not {rest}")
print(*wrong, sep="\n")
sys.exit(1 if wrong else 0)
