"""One file of the reader's, run and graded in this process: see `running`."""

import sys
from pathlib import Path

from .catalogue import exercise
from .running import inside

if __name__ == "__main__":
    file, name, language, report, seconds = sys.argv[1:]
    inside(exercise(name), file, language, Path(report), float(seconds))
