"""Language models by date: what was published, who holds the weights, and which of it has been looked up.

Facts about models age, so that each carries the date of its source; what is not printed there is None, and what was
not looked up says so. See the page :ref:`ch-land`.

>>> round(ratio("GPT-3", "GPT-2"), 1)
116.7
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date

from book_lib import _checks

__all__ = ["AS_OF", "CLAIMS", "PLATFORMS", "RELEASES", "USES", "Claim", "Platform", "Release", "Use", "majority",
           "ratio", "release", "weight_bytes"]  # fmt: skip

AS_OF = "2025-08"
"""The month of which the table of platforms and the claims speak."""

WEIGHTS = ("open", "on request", "closed")
BYTES = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1}


@dataclass(frozen=True)
class Release:
    """A language model, as its source tells of it.

    Args:
        name: of the model.
        maker: who made it.
        day: of the source, ISO 8601; a model may have been announced earlier or opened later.
        parameters: of the largest one, in all, as printed; None where the source does not tell.
        active: of these, used for one token, where that is fewer; else None.
        weights: "open" (anybody may download them), "on request", "closed".
        source: its key in the bibliography.
        looked_up: whether size and day were compared with the source or its abstract in August 2025 or later; else they
            are from memory, and should be looked up before they are used.
        remark: a condition that belongs to the row.
        seen: what was opened for that, in stored copies and last in November 2026; empty for a row from memory.

    Raises:
        ValueError: if the day is none, the weights are neither of the three, or a row that was looked up does not say
            what was seen.
    """

    name: str
    maker: str
    day: str
    parameters: float | None
    weights: str
    source: str
    looked_up: bool
    active: float | None = None
    remark: str = ""
    seen: str = ""

    def __post_init__(self) -> None:
        try:
            date.fromisoformat(self.day)
        except (TypeError, ValueError):
            raise ValueError(f"day must be a date such as 2020-05-28, got {self.day!r}") from None
        _checks.one_of("weights", self.weights, WEIGHTS)
        if self.looked_up != bool(self.seen):
            raise ValueError(f"seen must be a text where looked_up is True, and empty elsewhere, got {self.seen!r}")


RELEASES = (
    Release("GPT-2", "OpenAI", "2019-02-14", 1.5e9, "open", "radford2019language", True,
            remark="the largest was opened in November 2019; exactly 1,557,611,200",
            seen="OpenAI's page of the day, and the model card of November 2019"),
    Release("T5", "Google", "2019-10-23", 11e9, "open", "raffel2020exploring", True,
            remark="every task as text to text",
            seen="arXiv:1910.10683, day and abstract; the size on the makers' page of the weights"),
    Release("GPT-3", "OpenAI", "2020-05-28", 175e9, "closed", "brown2020language", True,
            remark="few examples, no training; 174,604,259,328 by our count",
            seen="arXiv:2005.14165, day and abstract"),
    Release("PaLM", "Google", "2022-04-05", 540e9, "closed", "chowdhery2023palm", True,
            seen="arXiv:2204.02311, day and abstract"),
    Release("OPT", "Meta", "2022-05-02", 175e9, "on request", "zhang2022opt", True,
            remark="the smaller ones were open",
            seen="arXiv:2205.01068, day and abstract; who got which size in a report of that week"),
    Release("BLOOM", "BigScience", "2022-11-09", 176e9, "open", "bigscience2022bloom", True,
            remark="weights opened on 12 July 2022; the licence forbids some uses",
            seen="arXiv:2211.05100, day and abstract; the makers' page of the weights"),
    Release("ChatGPT", "OpenAI", "2022-11-30", None, "closed", "openai2022chatgpt", True,
            remark="from the series GPT-3.5; no size was told", seen="OpenAI's page of the day"),
    Release("LLaMA", "Meta", "2023-02-27", 65e9, "on request", "touvron2023llama", True,
            seen="arXiv:2302.13971, day; the abstract on the maker's page"),
    Release("GPT-4", "OpenAI", "2023-03-15", None, "closed", "openai2023gpt4", True,
            remark="reads pictures; the report says that it does not tell the size",
            seen="arXiv:2303.08774, day and abstract; the sentence on the size as others quote it"),
    Release("Gemini", "Google", "2023-12-19", None, "closed", "gemini2023gemini", True,
            remark="text, pictures, sound; only the size of the small ones was told",
            seen="arXiv:2312.11805, day and abstract; the small ones' sizes as others quote them"),
    Release("Claude 3", "Anthropic", "2024-03-04", None, "closed", "anthropic2024claude", True,
            remark="reads pictures; no size was told",
            seen="the abstract of the model card; the day as others report it"),
    Release("Grok-1", "xAI", "2024-03-17", 314e9, "open", "xai2024grok", True, active=78.5e9,
            remark="active: a quarter of the weights, by its release note",
            seen="xAI's page of the day, and the page of the weights"),
    Release("Llama 3.1", "Meta", "2024-07-31", 405e9, "open", "grattafiori2024llama", True,
            remark="weights opened on 23 July 2024, under a licence with conditions",
            seen="arXiv:2407.21783, day and abstract; the licence on the page of the weights"),
    Release("DeepSeek-V3", "DeepSeek", "2024-12-27", 671e9, "open", "deepseek2024v3", True, active=37e9,
            seen="arXiv:2412.19437, day and abstract"),
    Release("DeepSeek-R1", "DeepSeek", "2025-01-22", 671e9, "open", "deepseek2025r1", True, active=37e9,
            remark="rewarded for right answers after long reasoning",
            seen="arXiv:2501.12948, day and abstract; the sizes on the page of the weights"),
    Release("Qwen3", "Alibaba", "2025-05-14", 235e9, "open", "yang2025qwen3", True, active=22e9,
            remark="weights opened on 29 April 2025",
            seen="arXiv:2505.09388, day and abstract; the active part in the names of the weights"),
    Release("Kimi K2", "Moonshot", "2025-07-28", 1.04e12, "open", "kimi2025k2", True, active=32e9,
            remark="the abstract rounds to 1 trillion, the text has 1.04",
            seen="arXiv:2507.20534, day, abstract and introduction"),
    Release("GLM-4.5", "Zhipu", "2025-08-08", 355e9, "open", "glm2025glm", True, active=32e9,
            seen="arXiv:2508.06471, day and abstract"),
    Release("gpt-oss-120b", "OpenAI", "2025-08-08", 116.8e9, "open", "openai2025gptoss", True, active=5.1e9,
            seen="arXiv:2508.10925, day and abstract; the sizes as others quote them"),
)  # fmt: skip
"""Nineteen of them, in the order of their sources' days; a choice, and far from all."""


@dataclass(frozen=True)
class Platform:
    """A line of assistants or models, and whether its weights could be had in :data:`AS_OF`.

    Args:
        maker, name: whose, and which.
        weights: "closed" or "open", of the main line.
        source: key in the bibliography, of what is known of its weights.
        day: of that source.
        exception: what the word hides; empty if we know of nothing.
    """

    maker: str
    name: str
    weights: str
    source: str
    day: str
    exception: str = ""


PLATFORMS = (
    Platform("OpenAI", "ChatGPT", "closed", "openai2023gpt4", "2023-03-15", "gpt-oss was opened in August 2025"),
    Platform("Anthropic", "Claude", "closed", "anthropic2024claude", "2024-03-04"),
    Platform("Google", "Gemini", "closed", "gemini2023gemini", "2023-12-19", "Gemma, smaller, is open"),
    Platform("xAI", "Grok", "closed", "xai2024grok", "2024-03-17", "Grok-1 was opened in March 2024; the press says"
             " Grok 2.5 in August 2025"),
    Platform("DeepSeek", "DeepSeek", "open", "deepseek2024v3", "2024-12-27"),
    Platform("Alibaba", "Qwen", "open", "yang2025qwen3", "2025-05-14", "some of its largest are offered as a service"),
    Platform("Zhipu", "GLM", "open", "glm2025glm", "2025-08-08"),
    Platform("Moonshot", "Kimi", "open", "kimi2025k2", "2025-07-28", "its largest users must show its name"),
    Platform("Meta", "LLaMA", "open", "grattafiori2024llama", "2024-07-31", "under a licence with conditions"),
)
"""The snapshot of August 2025: four closed, five open, by a slide of that month; exceptions are ours."""


@dataclass(frozen=True)
class Claim:
    """A sentence about the state of the art.

    Args:
        text: as a slide once said it, in our words.
        as_of: the month for which it was said.
        kind: "fact" (one could look it up), "measure" (it depends on what is measured), "opinion".
        needed: what one would have to look at, to agree or not.
        verdict: what we found, or that we could not check.
    """

    text: str
    as_of: str
    kind: str
    needed: str
    verdict: str


CLAIMS = (
    Claim("Models are updated often.", AS_OF, "fact",
          "release notes of the makers, counted by month",
          "plausible: six of the nineteen sources in our list are of the last twelve months; our list is a choice"),
    Claim("Since 2025 they read longer texts at once.", AS_OF, "measure",
          "the lengths that makers state, and tests of whether what stands in the middle is found",
          "not checked: a stated length is not a length that is used well"),
    Claim("Open models have nearly caught up with closed ones.", AS_OF, "measure",
          "the same tests, run by others than the makers, on the same day",
          "not checked: each report compares itself, on tests of its own choice"),
    Claim("Many interesting models with open weights lie on a public hub.", AS_OF, "fact",
          "the hub",
          "seen, in stored copies of its pages and the makers', for the eleven open ones in our list"),
    Claim("Since 2025 most large models reason step by step before they answer.", AS_OF, "fact",
          "the reports of those that tell how they were trained",
          "told by DeepSeek-R1 and by GLM-4.5; of the closed ones we have their makers' word"),
    Claim("They have become dramatically better at mathematics, physics and code.", AS_OF, "measure",
          "problems that were written after training had ended",
          "not checked: 'dramatically' is no number, and old problems may have been read"),
)  # fmt: skip
"""Six sentences of August 2025, none of which a cell of this book can prove."""


@dataclass(frozen=True)
class Use:
    """Something that a language model is used for in research.

    Args:
        what: the use.
        ask: how one might ask.
        verify: what to do before the answer is used.
        fails: how it typically goes wrong.
    """

    what: str
    ask: str
    verify: str
    fails: str


USES = (
    Use("learn a new subject", "Explain the idea, then name the book and the chapter where it is derived.",
        "Open the book. Do the first exercise without the model.",
        "sources that do not exist; an explanation that sounds right"),
    Use("edit and summarise", "Shorten this to 150 words; change no number and no claim.",
        "Compare claim by claim with the original, numbers first.",
        "a condition is lost, and 'may' becomes 'does'"),
    Use("write code", "Write the function, and three tests that would fail if it were wrong.",
        "Run tests of your own, on a case whose answer you know.",
        "calls to functions that no library has; the edge case"),
    Use("search with tools", "Find papers on this, and quote the sentence that answers.",
        "Open each source and find the sentence there.",
        "a real paper that says something else"),
    Use("analyse data", "Fit this table, and show the code and the residuals.",
        "Plot the data yourself; fit simulated data whose answer is known.",
        "a method that does not fit the question; leakage"),
    Use("calculate and prove", "Prove this, and mark each step that uses a theorem.",
        "Check every step; put in numbers; look for a counterexample with a program.",
        "one step in the middle that does not follow"),
)  # fmt: skip
"""Six uses, each with what must be done before the answer counts."""


def release(name: str) -> Release:
    """Return the release of this name.

    Raises:
        ValueError: if there is none.

    >>> release("PaLM").parameters
    540000000000.0
    """
    _checks.one_of("name", name, [one.name for one in RELEASES])
    return next(one for one in RELEASES if one.name == name)


def ratio(larger: str, smaller: str) -> float:
    """Return how many times as many parameters one release has as another.

    Raises:
        ValueError: if there is no such release, or its size was not published.

    See the section :ref:`sec-land-timeline`.

    >>> round(ratio("PaLM", "GPT-3"), 2)
    3.09
    """
    sizes = []
    for argument, name in (("larger", larger), ("smaller", smaller)):
        size = release(name).parameters
        if size is None:
            raise ValueError(f"{argument} must be a release whose size was published, got {name!r}")
        sizes.append(size)
    return sizes[0] / sizes[1]


def weight_bytes(parameters: float, precision: str = "float16") -> float:
    """Return the bytes that the weights alone take: 4 N, 2 N or N.

    Args:
        parameters: N > 0.
        precision: "float32", "float16", "bfloat16" or "int8".

    Raises:
        TypeError, ValueError: if N is no positive number, or the precision is unknown.

    See the section :ref:`sec-land-trends`.

    >>> weight_bytes(175e9) / 1e9  # GB
    350.0
    """
    return BYTES[_checks.one_of("precision", precision, BYTES)] * _checks.positive("parameters", parameters)


def majority(right: float, votes: int) -> float:
    """Return the probability that most of ``votes`` independent answers are right, of two possible ones.

    Σ_{k > n/2} C(n, k) p^k (1 − p)^{n−k}: Condorcet's theorem of 1785 (:cite:`condorcet1785essai`). For n even a coin
    settles a tie, so that it counts half; then n votes are worth as much as n − 1.

    Args:
        right: p, the probability of each, 0 … 1.
        votes: n ≥ 1.

    Raises:
        TypeError, ValueError: if p lies outside 0 … 1, or n is no positive integer.

    See the section :ref:`sec-land-reasoning`.

    >>> round(majority(0.6, 11), 4)
    0.7535
    """
    p = _checks.finite("right", right)
    if not 0 <= p <= 1:
        raise ValueError(f"right must lie in 0 ... 1, got {right}")
    n = _checks.integer("votes", votes, 1)
    if p in (0, 1):
        return p
    # subtle: in logarithms, since C(n, k) leaves the floats at n = 1030.
    ways = [math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1) for k in range(n + 1)]
    terms = [math.exp(ways[k] + k * math.log(p) + (n - k) * math.log1p(-p)) for k in range(n + 1)]
    tie = terms[n // 2] / 2 if n % 2 == 0 else 0.0
    # subtle: rounding leaves their sum off 1, by 1e-11 at n = 20,001; unless divided by it, a chance may exceed 1.
    return math.fsum([*terms[n // 2 + 1 :], tie]) / math.fsum(terms)
