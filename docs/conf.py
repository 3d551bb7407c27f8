"""Sphinx settings; `make docs` builds the pages into docs/_build/html."""

from nociscope import __version__

project = "nociscope"
author = "The nociscope developers"
copyright = "2026, the nociscope developers"
release = version = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "numpydoc"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = f"nociscope {release}"
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
autodoc_typehints = "none"
numpydoc_show_class_members = False
autosummary_generate = False
suppress_warnings = ["myst.xref_missing"]  # links to source files outside docs/, which the code host resolves
