"""Compares runs of one suite by their JUnit files: a line of numbers for each, then what fails through the gateway alone.

Arguments: the folder with `SUITE-MODE.xml`, the suite, and its modes, the first of which is what the others are held against.
"""

import collections
import pathlib
import sys
import xml.etree.ElementTree as ElementTree


def outcomes(file):
    found = {}
    for case in ElementTree.parse(file).getroot().iter("testcase"):
        name = f"{case.get('classname')}::{case.get('name')}"
        kinds = [child.tag for child in case]
        outcome = next((kind for kind in ("error", "failure", "skipped") if kind in kinds), "passed")
        why = next((child.get("message") or "" for child in case if child.tag == outcome), "")
        found[name] = (outcome, why.splitlines()[0] if why else "")
    return found


folder, suite, *modes = sys.argv[1:]
runs = {mode: outcomes(pathlib.Path(folder) / f"{suite}-{mode}.xml") for mode in modes}
print(f"| {suite} | passed | failed | errors | skipped | fails here alone |")
print("|---|---|---|---|---|---|")
usual = runs[modes[0]]
for mode, run in runs.items():
    numbers = collections.Counter(outcome for outcome, _ in run.values())
    alone = [name for name, (outcome, _) in run.items() if outcome in ("failure", "error") and usual.get(name, ("",))[0] == "passed"]
    print(f"| {mode} | {numbers['passed']} | {numbers['failure']} | {numbers['error']} | {numbers['skipped']} | {len(alone)} |")
for mode in modes[1:]:
    for name, (outcome, why) in runs[mode].items():
        if outcome in ("failure", "error") and usual.get(name, ("",))[0] == "passed":
            print(f"{mode}: {name}: {why[:200]}")
