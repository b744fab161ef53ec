"""An export: results, records and workflow without what is large, from which every table is made again.

A fresh copy has none of Snakemake's own notes, so there it goes by the times of the files alone. They are set
such that nothing is trained or scored again, and that measures, tables and figures are older than the runs
behind them: to ask for a table makes it again, with the code that lies beside it.
"""

import os
import shutil
import zipfile
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import yaml

from encore.audit.manifest import LEFT_OUT, SUMS, not_exported, raw_not_exported, read_sums
from encore.audit.trail import Trail, made_from, read_trail
from encore.audit.verify import verify
from encore.digest import file_digest
from encore.files import ROOT, write_atomically, zip_entry
from encore.papers import layout
from encore.papers.layout import RESULTS
from encore.script import UserError

PROJECT = (
    "Snakefile",
    "Makefile",
    "README.md",
    "LICENSE",
    "NOTICE",
    "CITATION.cff",
    "pyproject.toml",
    "envs",
    "profiles",
    "workflow",
)
MADE_HERE = ("__pycache__", ".egg-info")  # endings of what Python leaves in a working folder
# What lies in the folders of these an export never makes again.
UPSTREAM = tuple(map(layout.folder, ("download", "weights", "split", "train")))
# A zip knows no time before 1980 and no time zone: these two lie in 1980, and in this order, in every zone.
EARLIER = datetime(1980, 1, 2, tzinfo=UTC)  # of what an export makes again
LATER = datetime(1980, 1, 3, tzinfo=UTC)  # of all else
PLACES = {"data_dir": "data", "photographs": "data/photographs"}  # in the folder of an export


def export(destination: Path, config: Mapping, data_dir: Path | None = None) -> int:
    """Write the export of the results in the present folder; gives the number of its files.

    destination: of a zip where it ends in .zip, else of a folder; it is written whole or not at all.
    config: the resolved configuration. data_dir: where the raw files lie, if not where it says. A UserError
    where the destination is there already or in the results themselves, or where these do not verify.
    """
    if os.path.lexists(destination):
        raise UserError(f"{destination} is there already; name another file or folder, or remove it.")
    if destination.resolve().is_relative_to(RESULTS.resolve()):
        raise UserError(f"{destination} lies in {RESULTS} itself; name a place outside of it.")
    faults = verify(data_dir or Path(config["data_dir"]))
    if faults:
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        raise UserError(
            "The results do not verify, so that an export of them would not either: "
            f"{faults[0].rstrip('.')}{more}."
        )
    trail = read_trail()
    folder = destination.with_name(f".{destination.name}.{os.getpid()}.tmp")
    try:
        _fill(folder, trail, config)
        names = in_order(trail, _files(folder))
        if destination.suffix.lower() == ".zip":
            _pack(folder, names, whole := folder / ".zip")
        else:
            _stamp(whole := folder, names)
        whole.rename(destination)
    except OSError as error:
        read = error.filename and not Path(error.filename).is_relative_to(folder)
        raise OSError(error.errno, error.strerror, error.filename if read else str(destination)) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return len(names)


def in_order(trail: Trail, names: list[str]) -> list[str]:
    """Names in the order in which an archive holds them.

    Who unpacks it without its times gives each file a later one than the file before. So what is to be made
    again stands first, and the flow last, each result behind those that it was made from.
    """
    flow = {}
    for name in made_from(trail):
        flow |= dict.fromkeys((*trail.records[name]["outputs"], name))
    place = {name: number for number, name in enumerate(filter(_is_upstream, flow), start=2)}
    return sorted(names, key=lambda name: (0 if _is_earlier(name) else place.get(name, 1), name))


def _is_upstream(name: str) -> bool:
    return name.startswith(UPSTREAM)


def _is_earlier(name: str) -> bool:
    return Path(name).parts[:1] == RESULTS.parts and not _is_upstream(name)


def _time_of(name: str) -> datetime:
    return EARLIER if _is_earlier(name) else LATER


# --- writing -----------------------------------------------------------------------------------------


def _fill(folder: Path, trail: Trail, config: Mapping) -> None:
    """Put all files of an export into `folder`, with the times at which they are written."""
    # It takes a while to import what only an export needs.
    from encore.audit.crate import write_crate

    away = not_exported(trail)
    kept = {name: digest for name, digest in read_sums(SUMS).items() if name not in away}
    for source, name in [*_project_files(), *((Path(name), name) for name in kept)]:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, folder / name)
        if name in kept and file_digest(folder / name) != kept[name]:
            raise UserError(f"{name} was changed while it was exported; start again once nothing runs here.")
    for path, sums in ((SUMS, kept), (LEFT_OUT, away | raw_not_exported(trail))):
        text = "".join(f"{digest}  {name}\n" for name, digest in sorted(sums.items()))
        write_atomically(folder / path, text)
    write_atomically(folder / "config.yaml", _config_text(config))
    write_crate(folder, trail)


def _project_files() -> Iterator[tuple[Path, str]]:
    """The project's own files, and their names relative to it."""
    for name in PROJECT:
        for path in sorted((ROOT / name).rglob("*")) if (ROOT / name).is_dir() else [ROOT / name]:
            inside = path.relative_to(ROOT)
            passed_over = any(part.startswith(".") or part.endswith(MADE_HERE) for part in inside.parts)
            if path.is_file() and not passed_over:
                yield path, inside.as_posix()


def _config_text(config: Mapping) -> str:
    """config.yaml of an export; no path in it leads out of the folder."""
    inside = {
        key: PLACES[key] if key in PLACES and _leads_out(value) else value for key, value in config.items()
    }
    text = yaml.safe_dump(inside, sort_keys=False, allow_unicode=True)
    return f"# What was run. Every key is described in workflow/schemas/config.schema.yaml.\n{text}"


def _leads_out(path: object) -> bool:
    return (
        not isinstance(path, str) or Path(path).is_absolute() or not {"..", "~"}.isdisjoint(Path(path).parts)
    )


def _files(folder: Path) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]


def _stamp(folder: Path, names: list[str]) -> None:
    for name in names:
        seconds = _time_of(name).timestamp()
        os.utime(folder / name, (seconds, seconds))


def _pack(folder: Path, names: list[str], target: Path) -> None:
    """Pack the files into a zip; the same files give the same bytes."""
    with zipfile.ZipFile(target, "w") as archive:
        for name in names:
            entry = zip_entry(name, _time_of(name).timetuple()[:6])
            entry.file_size = (folder / name).stat().st_size  # known before, so that a large one is no fault
            with open(folder / name, "rb") as content, archive.open(entry, "w") as packed:
                shutil.copyfileobj(content, packed)
