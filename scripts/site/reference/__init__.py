"""The reference of the site: pages that are made from the code, so that they cannot be older than it."""

import pathlib


def pages(root: pathlib.Path) -> dict[str, str]:
    """Paths below `reference/` and their Markdown."""
    # These need PyYAML, which the others do without.
    from . import commands, errors, http, messages, metrics, settings

    tree = commands.dump()
    found = {f"commands/{name}.md": text for name, text in commands.pages(tree).items()}
    found["settings.md"] = settings.page(root, tree)
    found["http-coordinator.md"] = http.page(root / "proto" / "openapi.yaml", "HTTP of the coordinator")
    found["http-router.md"] = http.page(root / "proto" / "openapi.router.yaml", "HTTP of the router")
    found["metrics.md"] = metrics.page(root)
    found["messages.md"] = messages.page(root / "proto" / "statezero.proto")
    found["errors.md"] = errors.page(root)
    return found
