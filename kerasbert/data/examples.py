"""Stand-in."""
from dataclasses import dataclass
@dataclass(frozen=True)
class Examples:
    texts: list
    text_pairs: list|None
    labels: dict|None
    source: str="<list>"
    def __len__(self): return len(self.texts)
