"""Row 12."""

import argparse
import sys
import time

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from faults.model.machine import Met, machine
from faults.model.world import Loop
from faults.stores import stores


def play(seconds: float, number: int, examples: int, steps: int, met: Met) -> None:
    """Play."""
    until = time.monotonic() + seconds
    loop = Loop()
    with stores() as where:
        made = machine(where, loop, met)
        while time.monotonic() < until:
            chosen = settings(
                max_examples=examples,
                stateful_step_count=steps,
                deadline=None,
                database=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            try:
                run_state_machine_as_test(seed(number)(machine(where, loop, met)), settings=chosen)
            except Exception as fault:  # noqa: BLE001
                print(number, type(fault), str(fault)[:3000], flush=True)
            number += 1
    del made
    loop.close()


if __name__ == "__main__":
    asked = argparse.ArgumentParser()
    asked.add_argument("--seconds", type=float, default=60)
    asked.add_argument("--seed", type=int, default=1)
    words = asked.parse_args(sys.argv[1:])
    met = Met()
    play(words.seconds, words.seed, 10, 25, met)
    print(met.examples, met.steps, met.seen)
