"""Which tier names each broken server of the tests: lite and, where that reports no error, full. Before and now, side by side.

    python tests/peers/tiers.py run NOW                  # with the contracts on the path; those of another commit for `BEFORE`
    python tests/peers/tiers.py table NOW [BEFORE] > tests/peers/tiers.txt

The servers are those of this tree, whichever contracts judge them.
"""

from __future__ import annotations

import argparse
import importlib
import logging
import sys
from pathlib import Path
from typing import Any

from seeded.beside import list_found, read_results, write_beside, write_results
from seeded.broken import fake, load_servers

from diarkit_contracts.rows.plan import Tier

ASKED = (Tier.LITE, Tier.FULL)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("do", choices=("run", "table"))
    parser.add_argument("now", type=Path, help="results: of this run, or of today")
    parser.add_argument("before", type=Path, nargs="?", help="results of an earlier one")
    given = parser.parse_args()
    if given.do == "run":
        logging.disable(logging.CRITICAL)  # of the fake
        load_servers()
        servers: Any = importlib.import_module("contract_servers.broken").BROKEN
        write_results({server.name: judge_server(server) for server in servers}, given.now)
        return
    now, before = read_results(given.now), read_results(given.before)
    sys.stdout.write(
        f"{len(now)} broken servers of tests/contracts/servers, in process, no socket and no real time\n\n"
    )
    sys.stdout.writelines(f"{line}\n" for line in write_beside(before, now))


def judge_server(server: Any) -> dict[str, Any]:
    """Hold a server against the tiers, until one reports an error."""
    found: dict[str, Any] = {}
    for tier in ASKED:
        built, clock = server.build()
        found[tier.value] = list_found(fake.verify(built, clock, tier))
        if found[tier.value].errors:
            break
    sys.stderr.write(f"{server.name}: {found}\n")
    return found


if __name__ == "__main__":
    main()
