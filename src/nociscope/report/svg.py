"""The check that a drawing passes before it stands in a page: it can neither run, load nor link anything."""

from __future__ import annotations

import re
from xml.etree import ElementTree

_NAMESPACE = "{http://www.w3.org/2000/svg}"
_ELEMENTS = frozenset(
    (
        "svg",
        "g",
        "defs",
        "symbol",
        "use",
        "path",
        "rect",
        "circle",
        "ellipse",
        "line",
        "polyline",
        "polygon",
        "text",
        "tspan",
        "title",
        "desc",
        "image",
        "clipPath",
        "mask",
        "pattern",
        "marker",
        "linearGradient",
        "radialGradient",
        "stop",
    )
)
_TEXT_ONLY = frozenset({"title", "desc", "text", "tspan"})
_IMAGE = re.compile(r"data:image/(png|jpeg);base64,[A-Za-z0-9+/=\s]*")
_TAG = re.compile(r'<(?:/[A-Za-z]+\s*|[A-Za-z]+(?:\s+[A-Za-z_:][\w:.-]*="[^"<>]*")*\s*/?)>')
_XLINK = "{http://www.w3.org/1999/xlink}href"


class UnsafeDrawing(ValueError):
    """A drawing that cannot stand in a page; the message says why."""


def checked(svg: str, taken: set[str]) -> str:
    """Return the drawing if it is an inert ``<svg>`` element, and note its ids.

    Only known shapes, texts and embedded PNG or JPEG pictures are allowed; no script, event handler, style sheet,
    link, foreign content, comment or declaration. A page reads SVG by the rules of HTML, so what the two readers
    could understand differently is refused as well.

    Parameters
    ----------
    svg : str
    taken : set of str
        Ids in use on the page; this drawing's are added.

    Raises
    ------
    UnsafeDrawing
        It is something else, or an id is taken.
    """
    text = svg.strip()
    if not re.match(r"<svg[\s>]", text):
        raise UnsafeDrawing("it is not an svg element")
    if re.search(r"<[!?]", text):
        raise UnsafeDrawing("it holds a declaration, comment or character block")
    if "<" in _TAG.sub("", text):
        raise UnsafeDrawing("its tags are not written plainly")
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError:
        raise UnsafeDrawing("it is not well-formed") from None
    if not root.get("viewBox"):
        raise UnsafeDrawing("it has no viewBox")
    ids: list[str] = []
    for element in root.iter():
        _check_element(element)
        if "id" in element.attrib:
            ids.append(element.attrib["id"])
    if len(ids) != len(set(ids)) or taken.intersection(ids):
        raise UnsafeDrawing("its ids are in use already")
    taken.update(ids)
    return text


def _check_element(element: ElementTree.Element) -> None:
    tag = str(element.tag)
    name = tag.removeprefix(_NAMESPACE)
    if not tag.startswith(_NAMESPACE) or name not in _ELEMENTS:
        raise UnsafeDrawing("it holds an element that drawings do not need")
    if name in ("title", "desc") and len(element):
        raise UnsafeDrawing("its title or description is more than text")
    if name not in _TEXT_ONLY and element.text and element.text.strip():
        raise UnsafeDrawing("it holds text outside a text element")
    for key, value in element.attrib.items():
        low = key.lower()
        if low.startswith("on") or (key.startswith("{") and key != _XLINK):
            raise UnsafeDrawing("it holds an attribute that drawings do not need")
        if low == "href" or key == _XLINK:
            picture = name == "image" and _IMAGE.fullmatch(value)
            if not picture and not re.fullmatch(r"#[A-Za-z][\w.-]*", value):
                raise UnsafeDrawing("it points out of itself")
        elif re.search(r"@|\\|expression|javascript:|url\(\s*(?!#|'#|\"#)", value, re.IGNORECASE):
            raise UnsafeDrawing("it points out of itself")


def natural_width(svg: str) -> float | None:
    """Return the drawing's natural width in points, the third number of its ``viewBox``."""
    found = re.search(r'viewBox="\s*[-\d.]+[\s,]+[-\d.]+[\s,]+([\d.]+)[\s,]+[\d.]+\s*"', svg[: svg.find(">")])
    return float(found.group(1)) if found else None


def named(svg: str, label: str, description: str) -> str:
    """Return a checked drawing as one image with a name: the ids of what labels and describes it."""
    end = svg.index(">")
    root = re.sub(r'\s(role|aria-[a-z]+|width|height|class|id)="[^"]*"', "", svg[4:end])
    return f'<svg role="img" aria-labelledby="{label}" aria-describedby="{description}"{root}{svg[end:]}'
