"""What is said of several snapshots together."""

from collections.abc import Sequence

from snapgui.core.costs import frees, where_it_goes
from snapgui.core.records import DomainId
from snapgui.models.between import between_text
from snapgui.models.store import Store
from snapgui.models.words import sum_text


def sum_words(store: Store, domain: DomainId, names: Sequence[str]) -> tuple[str, bool]:
    """Their sum in words, and whether deleting them gives anything back inside the images."""
    snapshots, sizes, usage = store.snapshots(domain), store.sizes(domain), store.usage(domain)
    gain = frees(usage, [snapshots.records[name] for name in names])
    parts = [sum_text([sizes.get(name) for name in names], gain)]
    if growth := between_text(snapshots, sizes, usage, names):
        parts.append(f"{growth}.")
    inside = any(not snapshots.records[name].external for name in names)
    if gain and inside:
        parts.append(where_it_goes())
    return "\n\n".join(parts), bool(gain) and inside
