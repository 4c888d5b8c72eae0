"""Sphinx's settings, for both languages; build.py says which, in the environment."""

import os
import sys
from pathlib import Path

import tinygrad_rnn

sys.path.insert(0, str(Path(__file__).parent))

chinese = os.environ.get("SITE_LANGUAGE") == "zh"
project = "tinygrad_rnn"
author = "the tinygrad_rnn authors"
copyright = author
version = release = tinygrad_rnn.__version__
language = "zh_CN" if chinese else "en"

extensions = ["myst_parser", "mathml", "chinese_search", "elsewhere"]
myst_enable_extensions = ["dollarmath", "attrs_inline"]
myst_url_schemes = {"http": None, "https": None, "mailto": None, "site": None, "site-here": None}
myst_heading_anchors = 4
myst_dmath_double_inline = True
html_math_renderer = "mathml"
default_role = "literal"

html_theme = "furo"
html_title = "tinygrad_rnn"
html_static_path = [str(Path(__file__).parent / "static")]
html_css_files = ["site.css"]
html_js_files = ["site.js"]
html_search_language = "zh" if chinese else "en"
html_copy_source = False
html_show_copyright = False
html_show_sphinx = False
html_extra_path = []
html_theme_options = {"top_of_page_buttons": []}
pygments_style = "tango"
pygments_dark_style = "monokai"
html_sidebars = {
    "**": ["sidebar/brand.html", "languages.html", "sidebar/search.html", "sidebar/scroll-start.html",
           "sidebar/navigation.html", "sidebar/scroll-end.html"],
}  # fmt: skip
templates_path = [str(Path(__file__).parent / "templates")]
suppress_warnings = ["misc.highlighting_failure"]  # names with subscripts are not Python to the highlighter
