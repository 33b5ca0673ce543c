"""The claims of the page on models by date: ratios, bytes, votes, and that every row has its date and source."""

import math
import re
import socket
from datetime import date
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from book_lib import landscape
from book_lib.transformer import GPT, GPTConfig

ROOT = Path(__file__).resolve().parents[2]
KEYS = set(re.findall(r"^@\w+\{([^,]+),", (ROOT / "references.bib").read_text(encoding="utf-8"), re.M))


@pytest.fixture(scope="module")
def here(chapter):
    return chapter("landscape")


# ---------------------------------------------------------------------------- L-01, L-02: sizes


@pytest.mark.claim("L-01")
def test_the_timeline_is_in_order_and_its_ratios_hold(here):
    days = [date.fromisoformat(one.day) for one in landscape.RELEASES]
    assert days == sorted(days) and days[-1] <= date(2025, 8, 31)
    assert round(here.numbers["gpt_ratio"], 1) == 116.7 == round(175 / 1.5, 1)
    assert round(here.numbers["palm_ratio"], 2) == 3.09 == round(540 / 175, 2)
    assert here.numbers["exact_ratio"] == pytest.approx(174_604_259_328 / 1_557_611_200)
    years = {one.name: one.day[:4] for one in landscape.RELEASES}
    for period, names in ((("2019", "2020"), ("GPT-2", "GPT-3", "T5")),
                          (("2021", "2022"), ("ChatGPT", "PaLM", "BLOOM", "OPT")),
                          (("2023", "2024"), ("GPT-4", "LLaMA", "Claude 3", "Gemini"))):  # fmt: skip
        assert all(years[name] in period for name in names)
        assert all(name in here.prose("sec-land-timeline") for name in names)
    with pytest.raises(ValueError, match="published"):
        landscape.ratio("GPT-4", "GPT-3")
    with pytest.raises(ValueError, match="name"):
        landscape.release("GPT-17")


@pytest.mark.claim("L-01")
def test_every_row_says_where_it_is_from(here):
    for one in landscape.RELEASES:
        assert one.source in KEYS and one.maker and one.weights in ("open", "on request", "closed")
        assert one.parameters is None or one.parameters > 1e9
        assert one.looked_up == bool(one.seen)
        assert one.active is None or one.active < one.parameters
    assert len({one.name for one in landscape.RELEASES}) == len(landscape.RELEASES) == here.numbers["releases"]
    assert here.numbers["unchecked"] == 0 and here.numbers["looked_up"] == len(landscape.RELEASES)
    for seen, looked_up in (("", True), ("a page", False)):
        with pytest.raises(ValueError, match="seen"):
            landscape.Release("A", "B", "2020-01-01", 1e9, "open", "key", looked_up, seen=seen)
    with pytest.raises(ValueError, match="weights"):
        landscape.Release("A", "B", "2020-01-01", 1e9, "half", "key", False)
    with pytest.raises(ValueError, match="^day must be .*2020-13"):
        landscape.Release("A", "B", "2020-13-01", 1e9, "open", "key", False)
    assert here.numbers["untold"] == sum(one.parameters is None for one in landscape.RELEASES)


SIZES = {"GPT-2": 1.5, "T5": 11, "GPT-3": 175, "PaLM": 540, "OPT": 175, "BLOOM": 176, "LLaMA": 65, "Grok-1": 314,
         "Llama 3.1": 405, "DeepSeek-V3": 671, "DeepSeek-R1": 671, "Qwen3": 235, "Kimi K2": 1040, "GLM-4.5": 355,
         "gpt-oss-120b": 116.8, "ChatGPT": None, "GPT-4": None, "Gemini": None, "Claude 3": None}  # fmt: skip
ACTIVE = {"Grok-1": 314 / 4, "DeepSeek-V3": 37, "DeepSeek-R1": 37, "Qwen3": 22, "Kimi K2": 32, "GLM-4.5": 32,
          "gpt-oss-120b": 5.1}  # fmt: skip


@pytest.mark.claim("L-01")
def test_rows_are_what_their_sources_print(here):
    """Typed a second time, from the sources; and an arXiv number holds the month in which a report was handed in."""
    entries = (ROOT / "references.bib").read_text(encoding="utf-8").split("\n@")[1:]
    notes = {entry[entry.index("{") + 1 : entry.index(",")]: entry for entry in entries}
    dated = 0
    for one in landscape.RELEASES:
        assert one.parameters == (SIZES[one.name] and pytest.approx(1e9 * SIZES[one.name])), one.name
        assert one.active == (pytest.approx(1e9 * ACTIVE[one.name]) if one.name in ACTIVE else None), one.name
        for number in re.findall(r"arXiv:(\d{4})\.\d{5}", one.seen + notes[one.source]):
            assert number == one.day[2:4] + one.day[5:7], one.name
            dated += 1
    assert dated >= 24
    assert here.numbers["used_share"] == pytest.approx(100 * 32 / 1040)
    months = [round((date.fromisoformat(a) - date.fromisoformat(b)).days / 30.44) for a, b in
              (("2020-05-28", "2019-02-14"), ("2022-04-05", "2020-05-28"), ("2025-07-28", "2022-04-05"))]  # fmt: skip
    assert months == [15, 22, 40]  # "in fifteen months", "in two years", "in three"
    assert all(words in here.prose("sec-land-timeline") for words in ("in fifteen months", "in two years", "in three."))


@pytest.mark.claim("L-02")
def test_weights_take_two_bytes_each(here):
    for name, n, gigabytes in (("a", 1.5, 3), ("b", 175, 350), ("c", 540, 1080), ("d", 1000, 2000)):
        array = np.zeros(1000, dtype=np.float16)
        assert here.numbers[f"giga_{name}"] == pytest.approx(gigabytes) == pytest.approx(n * array.nbytes / len(array))
    for kind in (np.float32, np.float16, np.int8):
        assert landscape.weight_bytes(1e6, np.dtype(kind).name) == 1e6 * np.dtype(kind).itemsize
    assert round(here.numbers["trillion_ratio"]) == 667 and here.numbers["cards"] == pytest.approx(2 * 1000 / 80)
    assert here.answers("A model has 70 billion")[0] == 140
    with pytest.raises(ValueError, match="parameters"):
        landscape.weight_bytes(0)
    with pytest.raises(ValueError, match="precision"):
        landscape.weight_bytes(1e9, "int4")
    assert all(word in here.prose("sec-land-trends") for word in ("Scale, access, modality", "pictures"))


# ---------------------------------------------------------------------------- L-03, L-04: dated rows


@pytest.mark.claim("L-03")
def test_the_table_of_platforms_is_dated_and_sourced(here):
    table = {one.name: one for one in landscape.PLATFORMS}
    closed = {"ChatGPT", "Claude", "Gemini", "Grok"}
    assert {name for name, one in table.items() if one.weights == "closed"} == closed
    assert table.keys() - closed == {"DeepSeek", "Qwen", "GLM", "Kimi", "LLaMA"}
    for one in table.values():
        assert one.source in KEYS and date.fromisoformat(one.day) <= date(2025, 8, 31)
    assert (here.numbers["closed"], here.numbers["open"]) == (4, 5)
    opened = {name for name in closed if table[name].exception}
    assert opened == {"ChatGPT", "Gemini", "Grok"} and here.numbers["closed_exceptions"] == len(opened)
    assert table["LLaMA"].exception and table["Kimi"].exception  # "LLaMA and Kimi come under licences with conditions"
    assert landscape.AS_OF == "2025-08" and "in August 2025" in here.source


@pytest.mark.claim("L-04")
def test_each_claim_has_a_date_a_kind_and_what_it_needs(here):
    for claim in landscape.CLAIMS:
        assert re.fullmatch(r"20\d\d-\d\d", claim.as_of) and claim.kind in ("fact", "measure", "opinion")
        assert claim.needed and claim.verdict and claim.text.endswith(".")
    assert here.numbers["claims"] == len(landscape.CLAIMS) >= 6
    assert here.numbers["claims_open"] == sum("not checked" in claim.verdict for claim in landscape.CLAIMS)
    recent = [one for one in landscape.RELEASES if "2024-08-31" < one.day <= "2025-08-31"]
    assert len(recent) == here.numbers["recent"] == 6  # "six of the nineteen" in the first verdict
    assert "six of the nineteen" in landscape.CLAIMS[0].verdict and len(landscape.RELEASES) == 19
    assert "the eleven open" in landscape.CLAIMS[3].verdict
    assert sum(one.weights == "open" for one in landscape.RELEASES) == 11


# ---------------------------------------------------------------------------- L-05: votes


@pytest.mark.claim("L-05")
def test_the_majority_follows_the_binomial_law(here):
    for p in (0.05, 0.4, 0.5, 0.6, 0.93):
        for n in (1, 3, 11, 101, 2001):
            assert landscape.majority(p, n) == pytest.approx(stats.binom.sf(n // 2, n, p), abs=1e-10)
        tie = stats.binom.sf(5, 10, p) + stats.binom.pmf(5, 10, p) / 2
        assert landscape.majority(p, 10) == pytest.approx(tie) == pytest.approx(landscape.majority(p, 9))
        assert landscape.majority(p, 2) == pytest.approx(p)
        for n in (9, 10, 1031):  # nothing is lost or gained: one of the two answers wins
            assert landscape.majority(p, n) + landscape.majority(1 - p, n) == pytest.approx(1, abs=1e-12)
    for p in (0.7, 0.9, 0.99, 0.999999):  # rounding makes no chance larger than one
        assert all(landscape.majority(p, n) <= 1 for n in (11, 101, 1001, 20_001))
    exact = sum(math.comb(1031, k) * Fraction(3, 5) ** k * Fraction(2, 5) ** (1031 - k) for k in range(516, 1032))
    assert landscape.majority(0.6, 1031) == pytest.approx(float(exact), rel=1e-12)
    assert landscape.majority(0, 5) == 0 and landscape.majority(1, 5) == 1
    for wrong in (-0.1, 1.1, math.nan):
        with pytest.raises(ValueError, match="right"):
            landscape.majority(wrong, 3)
    with pytest.raises(ValueError, match="votes"):
        landscape.majority(0.5, 0)
    for name in ("6", "5", "4"):
        assert abs(here.numbers[f"vote_{name}"] - here.numbers[f"played_{name}"]) < 0.015
    assert round(here.numbers["vote_6"], 4) == 0.7535
    assert here.numbers["vote_even"] == pytest.approx(here.numbers["vote_6"])  # P_12 = P_11
    assert here.numbers["vote_4"] == pytest.approx(1 - here.numbers["vote_6"])


def plurality(p, n):
    """The chance that the first answer comes most often among n draws, a tie drawn fairly; by Poisson numbers.

    Counts of a multinomial law are independent Poisson numbers of means n p, given that they add up to n. So sum, over
    the winner's count m and the number of answers that share it, the ways in which the others stay below m.
    """
    tables = [stats.poisson.pmf(np.arange(n + 1), n * one) for one in p]
    total = 0.0
    for m in range(1, n + 1):
        ways = {0: np.eye(1, n + 1)[0]}  # by the number of ties so far: the law of the others' sum
        for table in tables[1:]:
            below, new = np.where(np.arange(n + 1) < m, table, 0), {}
            for ties, law in ways.items():
                new[ties] = new.get(ties, 0) + np.convolve(law, below)[: n + 1]
                shifted = np.concatenate([np.zeros(m), law[: n + 1 - m]]) * table[m]
                new[ties + 1] = new.get(ties + 1, 0) + shifted
            ways = new
        total += tables[0][m] * sum(law[n - m] / (ties + 1) for ties, law in ways.items())
    return total / stats.poisson.pmf(n, n)


@pytest.mark.claim("L-05")
def test_votes_repair_chance_and_no_shared_belief(here):
    numbers = here.numbers
    for name, p, n in (("spread", [0.4, *[0.1] * 6], 21), ("popular", [0.4, 0.45, *[0.03] * 5], 21),
                       ("stubborn", [0.4, 0.45, *[0.03] * 5], 1001)):  # fmt: skip
        assert numbers[f"vote_{name}"] == pytest.approx(plurality(p, n), abs=0.012)
    assert plurality([0.6, 0.4], 11) == pytest.approx(stats.binom.sf(5, 11, 0.6))  # with two answers it is a majority
    assert plurality([0.6, 0.4], 10) == pytest.approx(landscape.majority(0.6, 10))  # and a coin settles ties
    assert numbers["vote_spread"] > 0.9 > 0.5 > 0.42 > numbers["vote_popular"] > 0.1 > numbers["vote_stubborn"]
    assert numbers["vote_shared"] == pytest.approx((0.6 + numbers["vote_6"]) / 2, abs=0.015)
    assert here.answers("▢₁ is")[0] == pytest.approx(stats.binom.pmf(3, 3, 0.8))
    assert here.answers("▢₂ is")[0] == pytest.approx(stats.binom.pmf(2, 3, 0.8))
    assert here.answers("▢₃ is")[0] == pytest.approx(stats.binom.sf(1, 3, 0.8))
    prose = here.prose("sec-land-reasoning")
    assert "A language model remains a model that learns from data" in prose and "described in January 2025" in prose


# ---------------------------------------------------------------------------- L-06, L-17


@pytest.mark.claim("L-06")
def test_each_use_has_a_step_that_verifies_it(here):
    assert here.numbers["uses"] == here.numbers["verified"] == len(landscape.USES) == 6
    for use in landscape.USES:
        assert use.verify.endswith(".") and use.ask and use.fails
        assert re.match(r"(Open|Compare|Run|Plot|Check)", use.verify)  # something that one does


@pytest.mark.claim("L-17")
def test_open_weights_are_read_without_a_network(here, tmp_path, monkeypatch):
    def refuse(*arguments, **options):
        raise AssertionError("asked the network")

    numbers = here.numbers
    assert numbers["loaded_gap"] < 1e-6
    assert numbers["loaded_n"] == here.names["source"].num_params()
    assert here.names["socket"].socket.connect is here.names["real"]  # the page has put it back
    reached = []  # what a connection would have called while the page read the weights
    with monkeypatch.context() as patch:
        patch.setattr(GPT, "from_pretrained", lambda folder: reached.append(socket.socket.connect))
        exec(here.cell("def no_network"), dict(here.names))
    (connect,) = reached
    with pytest.raises(OSError, match="no network"):
        connect(None, ("localhost", 9))
    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    loaded = GPT.from_pretrained(here.names["folder"])
    assert loaded.config == GPTConfig(100, context=32, width=24, layers=2, heads=4, activation="gelu_tanh")
    with pytest.raises(FileNotFoundError):
        GPT.from_pretrained(tmp_path / "gpt2")  # a name is a folder here, and no hub is asked
    used = (ROOT / "book_lib" / "_transformer_pretrained.py").read_text(encoding="utf-8")
    assert not re.search(r"urllib|requests|http|socket|hub", used.replace("github", ""))
