"""All experiments one after the other, and the page that shows what they found."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from experiments.findings import Finding, table
from playground.graph.errors import InputError
from playground.lab.files import write_whole

HERE = Path(__file__).resolve().parent
PAGE = HERE / "README.md"
PICTURES = HERE.parent / "docs" / "pictures"
NAMES = tuple(sorted(path.stem for path in HERE.glob("e[0-9][0-9]_*.py")))
# The one picture of each that the page shows; of an experiment not named here the first one.
SHOWN = {
    "e01_inverse_article": "parameters.png",
    "e03_quadratic": "surface.png",
    "e04_field": "waves/field.png",
    "e05_logistic": "boundary.png",
}
WIDEST, MOST_BYTES = 1200, 150_000


@dataclass(frozen=True)
class Result:
    """What an experiment found, and the folder that it wrote to."""

    name: str
    findings: list[Finding]
    folder: Path

    @property
    def title(self) -> str:
        """The first line of the experiment's own description."""
        text = import_module(f"experiments.{self.name}").__doc__ or ""
        return text.partition("\n")[0].rstrip(".")

    @property
    def picture(self) -> Path | None:
        """The picture that stands for it, if it drew any."""
        drawn = sorted(self.folder.rglob("*.png"))
        chosen = self.folder / SHOWN.get(self.name, "")
        return chosen if chosen in drawn else next(iter(drawn), None)


def choose(only: str) -> list[str]:
    """All names, or those that begin as one in ``only`` does; InputError if one fits nothing."""
    wanted = [part.strip() for part in only.split(",") if part.strip()]
    for part in wanted:
        if not any(name.startswith(part) for name in NAMES):
            raise InputError(f"--only: {part!r} names no experiment of {', '.join(NAMES)}")
    return [name for name in NAMES if not wanted or name.startswith(tuple(wanted))]


def carry_out(name: str, out: Path, quick: bool) -> Result:
    """Run one experiment into ``out/<name>``."""
    folder = out / name
    folder.mkdir(parents=True, exist_ok=True)
    return Result(name, import_module(f"experiments.{name}").run(folder, quick), folder)


def section(result: Result, picture: str | None) -> str:
    """The experiment's part of the page; tables that it wrote (``*.md``) follow the findings."""
    parts = [
        f"## {result.name[:3]}: {result.title}",
        f"`python -m experiments.{result.name}`",
        table(result.findings),
        *(path.read_text().strip() for path in sorted(result.folder.glob("*.md"))),
    ]
    if picture:
        parts.append(f"![{result.title}]({picture})")
    return "\n\n".join(parts)


def write_page(results: Sequence[Result], page: Path = PAGE, pictures: Path = PICTURES) -> None:
    """Put the results into the page; parts of other experiments, and its head, stay as they are."""
    head, parts = _read(page)
    pictures.mkdir(parents=True, exist_ok=True)
    for result in results:
        shown = None
        if result.picture is not None:
            small = write_whole(pictures / f"{result.name}.png", shrunk(result.picture))
            shown = Path(os.path.relpath(small, page.parent)).as_posix()
        parts[result.name] = section(result, shown)
    body = [f"<!-- {name} -->\n{parts[name]}\n<!-- end -->" for name in sorted(parts)]
    write_whole(page, "\n\n".join([head, *body, ""]).encode())


def _read(page: Path) -> tuple[str, dict[str, str]]:
    """The head of the page and the parts of the experiments."""
    text = page.read_text()
    found = list(re.finditer(r"<!-- (\w+) -->\n(.*?)\n<!-- end -->", text, re.DOTALL))
    head = text[: found[0].start()] if found else text
    parts = {match[1]: match[2] for match in found if match[1] in NAMES}
    return head.rstrip(), parts


def shrunk(picture: Path) -> bytes:
    """The picture as a PNG of at most 150 kB: fewer colours, then fewer pixels where need be."""
    from PIL import Image

    with Image.open(picture) as full:
        image = full.convert("RGB")
    for width in (WIDEST, 1000, 800, 600, 400, 300):
        image.thumbnail((width, width), Image.Resampling.LANCZOS)
        # The few pixels of a rare colour survive this method alone.
        fewer = image.quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
        for form in (image, fewer):
            content = io.BytesIO()
            form.save(content, "PNG", optimize=True)
            if content.tell() <= MOST_BYTES:
                return content.getvalue()
    return content.getvalue()
