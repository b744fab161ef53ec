"""How tests break a paper's YAML, and read what is said of it."""

import pytest

from encore.papers.read import PAPERS_DIR, load_paper, parse_paper
from encore.strict import ConfigError, load_yaml


@pytest.fixture(scope="session")
def faults_of():
    """The sentences of the ConfigError that a call raises."""

    def faults(action, *arguments):
        with pytest.raises(ConfigError) as caught:
            action(*arguments)
        return str(caught.value).splitlines()

    return faults


@pytest.fixture(scope="session")
def paper_with(faults_of):
    """Faults of a paper's YAML after `change` has altered it."""

    def broken(name, change):
        content = load_yaml(PAPERS_DIR / f"{name}.yaml")
        change(content)
        return faults_of(parse_paper, name, content, load_paper(name).published, f"{name}.yaml")

    return broken


@pytest.fixture(scope="session")
def piad_with(paper_with):
    """Faults of PIAD's YAML after `change` has altered it."""
    return lambda change: paper_with("piad", change)
