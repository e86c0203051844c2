#!/usr/bin/env python3
"""Reads test results in TRX, for test.sh.

trx.py filter FILE              the `dotnet test --filter` of the tests that failed, empty when none did or more than MAX_AGAIN
trx.py unstable FIRST AGAIN     how many failed in FIRST and passed in AGAIN
trx.py failures DIRECTORY       name, message and the head of the stack of every test below DIRECTORY that failed, also when it passed later
"""
import glob
import os
import sys
import xml.etree.ElementTree as xml

NAMESPACE = "{http://microsoft.com/schemas/VisualStudio/TeamTest/2010}"
MAX_AGAIN = 5


def results(path):
    return list(xml.parse(path).iter(NAMESPACE + "UnitTestResult"))


def failed(path):
    return [result for result in results(path) if result.get("outcome") == "Failed"]


def methods(path):
    """Test id to the full name of its method."""
    found = {}
    for test in xml.parse(path).iter(NAMESPACE + "UnitTest"):
        method = test.find(NAMESPACE + "TestMethod")
        found[test.get("id")] = f"{method.get('className')}.{method.get('name').split('(')[0]}"
    return found


def filter_of(path):
    again = failed(path)
    if len(again) > MAX_AGAIN:
        return ""
    names = methods(path)
    return "|".join(sorted({f"FullyQualifiedName={names[result.get('testId')]}" for result in again}))


def describe(result, label):
    lines = [f"{label} {result.get('testName')} after {result.get('duration')}"]
    for part, limit in (("Message", 20), ("StackTrace", 8)):
        text = result.findtext(f".//{NAMESPACE}ErrorInfo/{NAMESPACE}{part}") or ""
        lines += [f"  {line[:400]}" for line in text.strip().splitlines()[:limit]]
    return "\n".join(lines)


def recovered(first, again):
    passed = {result.get("testName") for result in results(again) if result.get("outcome") == "Passed"}
    return [result for result in failed(first) if result.get("testName") in passed]


def again_of(path):
    return path.removesuffix(".trx") + ".again.trx"


def failures(directory):
    for path in sorted(glob.glob(os.path.join(directory, "**", "*.trx"), recursive=True)):
        if path.endswith(".again.trx"):
            continue
        unstable = recovered(path, again_of(path)) if os.path.exists(again_of(path)) else []
        names = {result.get("testName") for result in unstable}
        for result in failed(path):
            yield describe(result, "UNSTABLE (passed when run again)" if result.get("testName") in names else "FAILED")


def main(command, *paths):
    if command == "filter":
        print(filter_of(*paths))
    elif command == "unstable":
        print(len(recovered(*paths)))
    elif command == "failures":
        for text in failures(*paths):
            print(text)
    else:
        sys.exit(__doc__)


main(*sys.argv[1:])
