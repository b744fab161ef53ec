"""The claims of the papers: what each says, and what our runs decide."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from encore.papers.model import Paper
from encore.report.tables import Count, TableShown
from encore.tables.decide import BORNE_OUT, DECISIONS, NOT_BORNE_OUT, UNDECIDED
from encore.tables.verdicts import GLYPHS, MISSING

NOT_ATTEMPTED = "not attempted"
SIGNS = {BORNE_OUT: "✓", NOT_BORNE_OUT: "✗", UNDECIDED: "~", NOT_ATTEMPTED: GLYPHS[MISSING]}


@dataclass(frozen=True)
class ClaimShown:
    """A sentence of a paper and what our runs say of it. printed: whether the printed numbers bear it."""

    says: str
    source: str
    table: str
    made: bool  # whether the table is there to look at
    verdict: str
    probability: float | None
    printed: bool | None
    sentence: str

    @property
    def glyph(self) -> str:
        """The verdict as a sign."""
        return SIGNS.get(self.verdict) or GLYPHS[self.verdict]


def read_claims(paper: Paper, made: Iterable[TableShown], *, demo: bool) -> Iterator[ClaimShown]:
    """The claims of a paper as its tables decided them; without its table a claim is not attempted."""
    tables = {table.name: table for table in made}
    for key, claim in paper.claims.items():
        name = claim["table"]
        if paper.tables[name]["demo"] != demo:
            continue
        decided = {one["claim"]: one for one in tables[name].claims} if name in tables else {}
        if key in decided:
            one = decided[key]
            told = (one["verdict"], one["probability"], one["published_holds"], one["sentence"])
            yield ClaimShown(one["says"], one["source"], name, True, *told)
        else:
            why = "older than the claim" if name in tables else "not made"
            told = (NOT_ATTEMPTED, None, None, f"The table {name} is {why}.")
            yield ClaimShown(claim["says"], claim["source"], name, name in tables, *told)


def count_decisions(claims: Iterable[ClaimShown]) -> list[Count]:
    """How often each decision was given."""
    found = Counter((claim.glyph, claim.verdict) for claim in claims)
    order = (*DECISIONS, NOT_ATTEMPTED)
    counts = [Count(glyph, name, number) for (glyph, name), number in found.items()]
    return sorted(counts, key=lambda count: order.index(count.name))
