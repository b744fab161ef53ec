"""Reading finds a dataset's reader by its file, and imports no other."""

import subprocess
import sys
from pathlib import Path

import pytest

from encore import registry
from encore.datasets import read as read_module
from encore.datasets.catalogue import DATASETS
from encore.datasets.faults import DataError
from encore.datasets.read import read_unchecked as read
from encore.script import UserError


def test_only_the_reader_asked_for_is_imported() -> None:
    code = (
        "import sys\n"
        "from encore.datasets.read import read_unchecked as read\n"
        "before = {name for name in sys.modules if name.startswith('encore.datasets.readers.')}\n"
        "read('digits', '.')\n"
        "print(before, {name for name in sys.modules if name.startswith('encore.datasets.readers.')})\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(Path(read_module.__file__).parents[2])},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "set() {'encore.datasets.readers.sklearn_digits'}\n"


@pytest.mark.parametrize("name", registry.names(registry.READERS))
def test_every_reader_reads_for_a_dataset_and_names_what_is_missing(tmp_path: Path, name: str) -> None:
    reader = registry.load(registry.READERS, name)
    entry = next(entry for entry in DATASETS.values() if entry.reader == name)
    if name in ("sklearn_digits", "digit_attributes"):  # inside scikit-learn
        assert len(reader.read(entry, tmp_path).pixels) == entry.counts["train"]
        return
    with pytest.raises(DataError, match=r": expected .*, found ") as error:
        read(entry.name, tmp_path)
    assert isinstance(error.value, UserError)  # a sentence without a traceback
    assert "\n" not in str(error.value)
