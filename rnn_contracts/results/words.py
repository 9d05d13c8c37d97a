"""Words for numbers of things."""


def counted(count: int, name: str) -> str:
    """``1 rule``, ``2 rules``."""
    return f"{count} {name}" if count == 1 else f"{count} {name}s"
