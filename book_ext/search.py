"""Search that finds 温度 inside 温度参数, and the single character 熵.

Sphinx splits text at spaces, and Chinese has none: a phrase becomes one long word that nobody types. Here each
run of Chinese is indexed by its characters and by its pairs of neighbours; a query of one character looks up
the character, a longer one all its pairs. English is split and stemmed as in Sphinx.

`static/search.js` asks the index; the splitter that it uses is the one below, written by Sphinx into
`language_data.js` beside the stemmer.
"""

from __future__ import annotations

import re
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.search import js_index
from sphinx.search.en import SearchEnglish

CHINESE = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
WORDS = re.compile(rf"[{CHINESE}]+|[^\W{CHINESE}]+")
# Nobody looks these up, and they were a sixth of the index: numbers as programs print them, pieces of formulas that
# begin with a number, the names of tests. Years and other short numbers stay.
NOISE = re.compile(r"(?!\d{1,4}$)\d|test_")

SPLITTER = """
/** The words of a query, as the index has them (book_ext/search.py). */
function splitQuery(query) {
  const words = [];
  for (const [run] of query.matchAll(/[CHINESE]+|(?:(?![CHINESE])[\\p{L}\\p{N}\\p{M}_])+/gu)) {
    if (/^(?:NOISE)/.test(run)) continue;
    if (!/^[CHINESE]{2,}$/u.test(run)) words.push(run);
    else for (let i = 0; i + 1 < run.length; i++) words.push(run.slice(i, i + 2));
  }
  return words;
}
""".replace("CHINESE", CHINESE.encode("ascii", "backslashreplace").decode()).replace("NOISE", NOISE.pattern)


class SearchBook(SearchEnglish):
    """English as Sphinx has it, and Chinese by characters and pairs."""

    js_splitter_code = SPLITTER

    def split(self, text: str) -> list[str]:
        """The words of a text that go into the index.

        >>> SearchBook({}).split("the 温度参数 T_c 熵")
        ['the', '温', '度', '参', '数', '温度', '度参', '参数', 'T_c', '熵']
        """
        words = []
        for run in WORDS.findall(text):
            if re.match(f"[{CHINESE}]", run):
                words += [*run, *(run[i : i + 2] for i in range(len(run) - 1))]
            else:
                words.append(run)
        return words

    def word_filter(self, word: str) -> bool:
        """Whether a word goes into the index.

        >>> [word for word in "boltzmann 1944 269185 2w_1 test_onsager".split() if SearchBook({}).word_filter(word)]
        ['boltzmann', '1944']
        """
        return not NOISE.match(word) and super().word_filter(word)


UNASKED = ("objects", "objnames", "objtypes")  # for Sphinx's own search page


def trim(app: Sphinx, error: Exception | None) -> None:
    """Leave in the index what `static/search.js` asks for."""
    file = Path(app.outdir, "searchindex.js")
    if error or not file.is_file():
        return
    index = js_index.loads(written := file.read_text("utf-8"))
    for table in UNASKED:
        index.pop(table, None)
    for table in ("terms", "titleterms"):
        # subtle: of a page that is read again, Sphinx forgets where its words stood and keeps the words.
        index[table] = {word: pages for word, pages in index[table].items() if pages != []}
    if (trimmed := js_index.dumps(index)) != written:
        file.write_text(trimmed, "utf-8")


def setup(app: Sphinx) -> None:
    """Take the place of Sphinx's English."""
    app.add_search_language(SearchBook)
    app.connect("build-finished", trim)
