# Sourced by test.sh: says at the end which tests failed and why, since the end is all that many a log keeps.

# print_failed_dotnet_tests TRX: name, message and the first lines of the stack of every failed test.
print_failed_dotnet_tests() {
  python3 - "$1" <<'PYTHON'
import sys
import xml.etree.ElementTree as xml

space = "{http://microsoft.com/schemas/VisualStudio/TeamTest/2010}"
for result in xml.parse(sys.argv[1]).iter(space + "UnitTestResult"):
    if result.get("outcome") != "Failed":
        continue
    print(f"FAILED {result.get('testName')} after {result.get('duration')}")
    for part, lines in (("Message", 20), ("StackTrace", 8)):
        text = result.findtext(f".//{space}ErrorInfo/{space}{part}") or ""
        for line in text.strip().splitlines()[:lines]:
            print(f"  {line[:400]}")
PYTHON
}

# print_failed_web_tests JSON
print_failed_web_tests() {
  jq -r '.testResults[].assertionResults[] | select(.status == "failed") | "FAILED " + .fullName, (.failureMessages[] | "  " + .[0:2000])' "$1"
}

# print_failures RESULTS_DIRECTORY
print_failures() {
  local file
  while IFS= read -r file; do print_failed_dotnet_tests "$file"; done < <(grep -rl --include='*.trx' 'outcome="Failed"' "$1")
  [ ! -f "$1/web.json" ] || print_failed_web_tests "$1/web.json"
}
