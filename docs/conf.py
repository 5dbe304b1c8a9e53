"""How Sphinx builds the site: `make docs` writes it into build/docs, and any warning is an error.

Pages are Markdown. Those with `file_format: mystnb` at their head are notebooks: their cells are run as the site is
built.
"""

import logging
import os
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(PROJECT), str(PROJECT / "docs" / "_extensions")]

from pygments.lexers.special import TextLexer  # noqa: E402 - after the path is set
from sphinx.highlighting import lexers  # noqa: E402

import autograd  # noqa: E402

project = "scalar-autograd"
author = "the scalar-autograd contributors"
release = version = autograd.__version__

extensions = [
    "myst_nb", "sphinx_copybutton", "sphinx_design",
    "files_outside", "language_model_index", "notebook_files", "site_directives",
]  # fmt: skip
exclude_patterns = ["_extensions"]
nitpicky = True
# Types in signatures are those of Python and NumPy, whose pages a build without a network can't look up.
nitpick_ignore_regex = [("py:.*", ".*")]

myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_heading_anchors = 3
# Alerts of pages that were written for a reader of files: a page may start with any heading.
suppress_warnings = ["myst.header"]

nb_execution_mode = "cache"
nb_execution_cache_path = str(PROJECT / "build" / "docs-cache")
nb_execution_raise_on_error = True
nb_execution_timeout = 120
# Whatever a cell writes to standard error, a warning above all, stops the build.
nb_output_stderr = "error"
nb_merge_streams = True
# Kernels read no settings of whoever builds the site, keep no history, and their coming and going is no news.
profile = PROJECT / "build" / "docs-ipython" / "profile_default"
profile.mkdir(parents=True, exist_ok=True)
(profile / "ipython_kernel_config.py").write_text(
    "c = get_config()\nc.IPKernelApp.log_level = 'ERROR'\nc.HistoryManager.enabled = False\n", encoding="utf-8"
)
os.environ["IPYTHONDIR"] = str(profile.parent)
logging.getLogger("traitlets").setLevel(logging.WARNING)

# `>>>` is no part of a command that is copied.
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

# Shown as text: its own program would have to be fetched from the network.
lexers["mermaid"] = TextLexer()

html_theme = "furo"
html_title = f"scalar-autograd {release}"
html_static_path = ["_static"]
# The playground, which `make docs` builds first.
html_extra_path = ["../build/site"]
html_css_files = ["site.css"]
html_theme_options = {"navigation_with_keys": True}
html_copy_source = False
html_show_copyright = False
