"""What a report says, as plain data; all of it stands in results. Nothing is trained or scored again."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from encore.audit.trail import Trail
from encore.papers.model import Experiment, Paper, experiments_in
from encore.papers.read import load_papers
from encore.report.claims import ClaimShown, count_decisions, read_claims
from encore.report.figures import FigureShown, is_of_demo, read_figures
from encore.report.head import Head, read_head
from encore.report.runs import Effort, Trouble, read_deviations, read_effort, read_troubles
from encore.report.tables import Count, TableShown, count_verdicts, is_made, read_table_shown
from encore.status import states


@dataclass(frozen=True)
class Part:
    """A paper's results, or its demonstrations."""

    paper: Paper
    demo: bool
    tables: tuple[TableShown, ...]
    not_made: tuple[tuple[str, Mapping[str, object]], ...]  # names and entries of the other tables
    figures: tuple[FigureShown, ...]
    claims: tuple[ClaimShown, ...]
    deviations: Mapping[str, tuple[str, ...]]  # what was declared -> experiments
    troubles: tuple[Trouble, ...]
    efforts: tuple[Effort, ...]
    not_run: tuple[Experiment, ...]  # experiments without any run
    runs: Mapping[str, int]  # kind of state -> how many of the runs that the configuration asks for

    @property
    def begun(self) -> bool:
        """Whether there is anything to show."""
        return bool(self.tables or self.figures or self.efforts or self.troubles)

    @property
    def verdicts(self) -> list[Count]:
        """Verdicts of all cells of all tables."""
        return count_verdicts([table.frame for table in self.tables])

    @property
    def decisions(self) -> list[Count]:
        """What was decided of all claims."""
        return count_decisions(self.claims)

    @property
    def seconds(self) -> float:
        """Of all trainings and scorings."""
        return sum(effort.seconds for effort in self.efforts)


@dataclass(frozen=True)
class Report:
    """All that the pages say."""

    head: Head
    papers: tuple[Part, ...]
    demos: tuple[Part, ...]
    nothing_of: tuple[Part, ...]

    @property
    def tables(self) -> list[TableShown]:
        """All tables that were made, as they stand in the index."""
        return [table for part in (*self.papers, *self.demos) for table in part.tables]

    @property
    def figures(self) -> list[FigureShown]:
        """All figures that were drawn."""
        return [figure for part in (*self.papers, *self.demos) for figure in part.figures]


def read_report(
    trail: Trail, config: Mapping[str, object], faults: Sequence[str], notes: Sequence[str]
) -> Report:
    """What there is to say of the results in the present folder.

    trail: without the record of an earlier report. config: with its defaults. faults, notes: of `verify`.
    The papers that the configuration lists stand first.
    """
    papers = load_papers()
    order = dict.fromkeys([*config["papers"], *papers])
    parts = [read_part(trail, papers[name], config, demo=False) for name in order]
    demos = [read_part(trail, papers[name], config, demo=True) for name in order]
    return Report(
        read_head(trail, config, faults, notes),
        tuple(part for part in parts if part.begun),
        tuple(part for part in demos if part.begun),
        tuple(part for part in parts if not part.begun),
    )


def read_part(trail: Trail, paper: Paper, config: Mapping[str, object], *, demo: bool) -> Part:
    """What there is of a paper's results, or of its demonstrations."""
    entries = {name: entry for name, entry in paper.tables.items() if entry["demo"] == demo}
    made = tuple(read_table_shown(trail, paper, name) for name in entries if is_made(trail, name))
    names = {table.name for table in made}
    of_demos = _of_demos(paper)
    experiments = [one for name, one in paper.experiments.items() if (name in of_demos) == demo]
    found = {experiment.name: states(experiment, config) for experiment in experiments}
    efforts = [effort for one in experiments if (effort := read_effort(trail, one)) is not None]
    run = {effort.experiment.name for effort in efforts}
    run |= {name for name, of_it in found.items() if any(s.kind != "waiting" for s in of_it.values())}
    return Part(
        paper=paper,
        demo=demo,
        tables=made,
        not_made=tuple((name, entry) for name, entry in entries.items() if name not in names),
        figures=tuple(read_figures(trail, paper, demo)),
        claims=tuple(read_claims(paper, made, demo=demo)),
        deviations=read_deviations(trail, {experiment.name for experiment in experiments}),
        troubles=tuple(read_troubles(found)),
        efforts=tuple(efforts),
        not_run=tuple(one for one in experiments if one.name not in run),
        runs=Counter(state.kind for runs in found.values() for state in runs.values()),
    )


def _of_demos(paper: Paper) -> set[str]:
    """The experiments that demonstrations alone show."""
    shown: dict[bool, set[str]] = {False: set(), True: set()}
    for entry in paper.tables.values():
        shown[entry["demo"]].update(experiments_in(entry))
    for name, figure in paper.figures.items():
        shown[is_of_demo(paper, name)].update(experiments_in(figure))
    return shown[True] - shown[False]
