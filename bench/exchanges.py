"""Check by bad client: `python -m bench.exchanges`. Each variant of the reference client, and the rules that spoke.

A check is caught when exactly the rules that its row names speak; the good client must be silent on every scenario.
"""

import sys

from fixtures.dui_client.judged import rules_that_speak
from fixtures.dui_client.play import cases

from bench.tables import Aim, say, show_aims, table
from dui_conformance.simulators.scenario import built_in


def measure() -> list[Aim]:
    """Play every scenario and every variant; print the tables; the aims."""
    loud = {name: rules for name in built_in() if (rules := rules_that_speak(name))}
    rows = []
    caught = 0
    for case in cases():
        spoke = rules_that_speak(case.scenario, case.variant)
        good = spoke == set(case.rules)
        caught += good
        rows.append((case.check, case.scenario, case.variant, ", ".join(sorted(spoke)), "yes" if good else "NO"))
    heads = ("check", "scenario", "bad client", "rules that spoke", "caught")
    table("Checks on exchanges, by bad client", heads, rows)
    for name, rules in loud.items():
        say(f"the good client is not silent on {name}: {', '.join(sorted(rules))}")
    return [
        Aim("bad clients caught, each by its own rules", "all", f"{caught}/{len(rows)}", caught == len(rows), True),
        Aim("the good client is silent", "all scenarios", f"{len(loud)} loud", not loud, True),
    ]


if __name__ == "__main__":
    aims = measure()
    show_aims(aims)
    sys.exit(int(any(not aim.reached for aim in aims)))
