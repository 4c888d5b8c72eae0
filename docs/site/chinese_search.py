"""Search in Chinese without a dictionary: a run of characters is indexed, and asked for, as its pairs.

A dictionary cuts a sentence one way on a page and another way in a query; pairs are the same pairs everywhere. A single
character is indexed too. Words of other scripts stay whole, in lower case.
"""

from __future__ import annotations

import re
from typing import Any

from sphinx.search import SearchLanguage

_RUN = re.compile(r"[\u3400-\u9fff]+|[^\W\u3400-\u9fff]+")

_SPLITTER = r"""
function splitQuery(query) {
  const found = [];
  for (const run of query.match(/[\u3400-\u9fff]+|(?:(?![\u3400-\u9fff])[\p{L}\p{N}_])+/gu) || []) {
    if (!/^[\u3400-\u9fff]/.test(run) || run.length === 1) found.push(run);
    else for (let k = 0; k + 1 < run.length; k++) found.push(run.slice(k, k + 2));
  }
  return found;
}
"""


class ChineseByPairs(SearchLanguage):
    lang = "zh"
    language_name = "Chinese"
    js_splitter_code = _SPLITTER

    def split(self, input: str) -> list[str]:
        found: list[str] = []
        for run in _RUN.findall(input):
            if "\u3400" <= run[0] <= "\u9fff":
                found += [run[k : k + 2] for k in range(len(run) - 1)] + list(run)
            else:
                found.append(run)
        return found

    def stem(self, word: str) -> str:
        return word.lower()


def setup(app: Any) -> dict[str, Any]:
    app.add_search_language(ChineseByPairs)
    return {"parallel_read_safe": True}
