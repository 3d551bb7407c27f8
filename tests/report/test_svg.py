"""A drawing passes only when it can neither run, load nor link anything."""

from __future__ import annotations

import pytest

from nociscope.report.svg import UnsafeDrawing, checked, named, natural_width
from tests.report.example import profile

HEAD = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10"'


def test_our_own_figures_pass() -> None:
    svg = profile().svg
    assert checked(svg, set()) == svg.strip()


def test_embedded_pictures_pass() -> None:
    assert checked(f'{HEAD}><image href="data:image/png;base64,iVBOR/+=" x="0"/></svg>', set())


@pytest.mark.parametrize(
    "svg",
    [
        "",
        "<p>no</p>",
        f"{HEAD}><script>alert(1)</script></svg>",
        f'{HEAD} onload="alert(1)"></svg>',
        f'{HEAD}><g ONCLICK="alert(1)"/></svg>',
        f'{HEAD}><a href="https://example.org"><text>x</text></a></svg>',
        f'{HEAD}><use href="https://example.org/x.svg#a"/></svg>',
        f'{HEAD}><use href="javascript:alert(1)"/></svg>',
        f'{HEAD}><image href="https://example.org/x.png"/></svg>',
        f'{HEAD}><image href="data:image/svg+xml;base64,AAAA"/></svg>',
        f'{HEAD}><image href="../x.png"/></svg>',
        f"{HEAD}><foreignObject><p xmlns='http://www.w3.org/1999/xhtml'>x</p></foreignObject></svg>",
        f"{HEAD}><style>*{{display:none}}</style></svg>",
        f'{HEAD}><g style="fill:url(https://example.org/x)"/></svg>',
        f'{HEAD}><g style="background:u\\72l(x)"/></svg>',
        f'{HEAD}><g style="@import x"/></svg>',
        f"{HEAD}><title><![CDATA[</title><script>alert(1)</script>]]></title></svg>",
        f"{HEAD}><!-- --><g/></svg>",
        f"{HEAD}><?xml-stylesheet href='x'?></svg>",
        f"<!DOCTYPE svg [<!ENTITY a 'b'>]>{HEAD}><text>&a;</text></svg>",
        f"{HEAD}><title><g/></title></svg>",
        f"{HEAD}><g a='x' id=\"' b=\"y\"/></svg>",
        f'{HEAD} id="\'" b="x" d=\' onload=alert(1) \'></svg>',
        f'{HEAD}><g id="a"/><g id="a"/></svg>',
        f'{HEAD}><g id="taken"/></svg>',
        f"{HEAD}>bare text</svg>",
        f'{HEAD}><x:script xmlns:x="http://www.w3.org/2000/svg">1</x:script></svg>',
        f"{HEAD}><g></svg>",
        '<svg xmlns="http://www.w3.org/2000/svg"></svg>',
        f'{HEAD}><animate attributeName="href" values="javascript:alert(1)"/></svg>',
    ],
)
def test_what_could_run_load_or_link_is_refused(svg: str) -> None:
    with pytest.raises(UnsafeDrawing):
        checked(svg, {"taken"})


def test_the_name_replaces_what_the_drawing_says_of_itself() -> None:
    svg = named(f'{HEAD} role="none" width="5pt" aria-label="x"><g/></svg>', "a", "b")
    assert svg.startswith('<svg role="img" aria-labelledby="a" aria-describedby="b" xmlns=')
    assert "5pt" not in svg
    assert svg.count("role=") == 1


def test_natural_width() -> None:
    assert natural_width(f"{HEAD}></svg>") == 10.0
    assert natural_width("<svg></svg>") is None
