"""What all pages share: the templates, the policy that nothing is loaded, and the size that no page exceeds."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from nociscope.figures import FONT_STACK, PALETTE

if TYPE_CHECKING:
    from jinja2 import Environment

SIZE_LIMIT = 2_000_000
"""Bytes that no page reaches."""

SIZE_TARGET = 1_900_000
"""Bytes that a page is cut down to, by leaving figures and rows to the files beside it and saying so."""

SECURITY_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"

_DOI = re.compile(r"10\.\d{4,9}/[^\s\"'<>\\]+")


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("nociscope.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def render(template: str, **content: Any) -> str:
    """Return a page from a template; every text is escaped."""
    page = (
        _environment()
        .get_template(template)
        .render(policy=SECURITY_POLICY, palette=PALETTE, fonts=FONT_STACK, **content)
    )
    return re.sub(r"\n\s*\n+", "\n", page)


def doi_address(doi: str) -> str:
    """Return the address of a DOI, empty when it is none."""
    bare = doi.strip().removeprefix("https://doi.org/").removeprefix("doi:")
    return f"https://doi.org/{quote(bare, safe='/:;()._-')}" if _DOI.fullmatch(bare) else ""


def size(page: str) -> int:
    """Return the bytes of a page as written."""
    return len(page.encode("utf-8"))
