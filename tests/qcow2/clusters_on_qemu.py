"""Images of every shape, drawn: does deleting snapshots free what was foretold?

By hand: ``PYTHONPATH=.:tests python tests/qcow2/clusters_on_qemu.py --examples 1000``; a few are drawn in
test_clusters.py. Prints one line of JSON at the end, and before it each disagreement with all that led to it.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from random import Random

from testbed.any_image import DisagreementError, try_one


def main() -> int:
    """Try many; 1 where one disagreed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=float("inf"))
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    counts: Counter[str] = Counter()
    end = time.monotonic() + chosen.seconds
    for seed in range(chosen.seed, chosen.seed + chosen.examples):
        if time.monotonic() > end:
            break
        folder = Path(tempfile.mkdtemp(prefix="snapgui-clusters-"))
        try:
            try_one(folder, Random(f"clusters {seed}"), counts)  # noqa: S311 - images, not secrets
        except subprocess.TimeoutExpired:
            counts["took too long"] += 1
        except DisagreementError as error:
            counts["disagreements"] += 1
            print(f"seed {seed}: {error}\n", flush=True)
        finally:
            shutil.rmtree(folder)
        if seed % 100 == 0:
            print(seed, json.dumps(counts), flush=True)
    print(json.dumps(counts))
    return 1 if counts["disagreements"] else 0


if __name__ == "__main__":
    sys.exit(main())
