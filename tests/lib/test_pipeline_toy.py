"""The toy world: its grammar by enumeration, oracle and rule by counting, preferences against the sigmoid."""

import itertools
import math
from collections import Counter

import numpy as np
import pytest

from book_lib._llm_runs import stored_text
from book_lib.pipeline import _toy
from book_lib.pipeline.chat import Message, check_conversation
from book_lib.rng import CounterRNG


def every(noun):
    """All answers of the grammar, written out by hand, with the words of each."""
    for first, second in itertools.product(("fast", "neat", "slow", "bad"), ("clear", "simple", "dull", "hard")):
        for article in ("The", "A"):
            yield f"{article} {noun} is {first} and {second}.", first, second
            yield f"{article} {noun} is {first}. It is also {second}.", first, second


GOOD = {"fast", "neat", "clear", "simple"}


def test_the_grammar_is_what_it_is_by_hand():
    texts = {text for text, _, _ in every("list")}
    assert len(texts) == 64
    rng = np.random.default_rng(0)
    drawn = Counter(_toy.answer("list", rng) for _ in range(6400))
    assert set(drawn) == texts
    assert max(abs(count - 100) for count in drawn.values()) < 5 * 10  # five standard deviations
    assert all(_toy.is_well_formed("list", text) and not _toy.is_well_formed("string", text) for text in texts)


def test_the_oracle_counts_praise_and_blame():
    scores = Counter()
    for text, first, second in every("file"):
        expected = sum(1 if word in GOOD else -1 for word in (first, second))
        assert _toy.oracle("file", text) == expected and _toy.adjectives("file", text) == (first, second)
        assert _toy.verifiable("file", text) == (sorted((first, second)) == [first, second])
        scores[expected] += 1
    assert scores == {-2: 16, 0: 32, 2: 16}  # praise and blame are even
    assert sum(_toy.verifiable("file", text) for text, _, _ in every("file")) == 28


@pytest.mark.parametrize(
    "text",
    ["", "The list is fast and clear", "the list is fast and clear.", "The list is fast and clear. ", "fast clear",
     "The list is fast and neat.", "The list is clear and fast.", "The list is fast and clear.\n", "The list is .",
     "The list is fast and clear. The list is fast and clear.", "A list is fast and. It is also clear.",
     "The list isXfast and clear.", "The list is fast and clearX"],
)  # fmt: skip
def test_what_is_no_answer_gets_the_lowest_score(text):
    assert not _toy.is_well_formed("list", text) and _toy.adjectives("list", text) is None
    assert _toy.oracle("list", text) == -2 and _toy.verifiable("list", text) == 0


def test_words_are_short_in_tokens_of_the_page_model():
    tokenizer = stored_text().tokenizer
    words = (*_toy.NOUNS, *_toy.PRAISE, *_toy.BLAME)
    assert max(len(tokenizer.encode(f" {word}")) for word in words) == 3
    assert len(set(words)) == 20 and set(_toy.PRAISE) == GOOD
    assert not any(noun[0] in "aeiou" for noun in _toy.NOUNS)  # "A {noun}"


def test_conversations_are_in_order_and_answered():
    found = _toy.conversations(400, 3)
    assert found == _toy.conversations(400, np.random.Generator(np.random.SFC64(3)))
    assert found != _toy.conversations(400, 4) and len(_toy.conversations(3, CounterRNG(1))) == 3
    turns, systems = Counter(), 0
    for conversation in found:
        assert check_conversation(conversation) == conversation
        systems += conversation[0].role == "system"
        asked = []
        for index, message in enumerate(conversation):
            if message.role == "assistant":
                asked.append(_toy.noun_of(conversation[:index]))
                assert _toy.is_well_formed(asked[-1], message.content)
        assert len(set(asked)) == len(asked)
        turns[len(asked)] += 1
    assert set(turns) == {1, 2, 3} and 150 < turns[1] < 250 and 60 < systems < 140


def test_prompts_are_conversations_without_their_last_answer():
    prompts, whole = _toy.prompts(50, 5), _toy.conversations(50, 5)
    assert prompts == [conversation[:-1] for conversation in whole]
    for prompt in prompts:
        check_conversation(prompt, for_training=False)
        assert prompt[-1].content.rstrip("?.").endswith(_toy.noun_of(prompt)) or "like" in prompt[-1].content
    assert _toy.prompts(0, 1) == _toy.conversations(0, 1) == []


def test_the_noun_is_the_one_asked_about_last():
    before = [Message("user", "Tell me about the list."), Message("assistant", "The list is fast and clear.")]
    assert _toy.noun_of([*before, Message("user", "And the FILE?")]) == "file"
    assert _toy.noun_of([Message("user", "A list, or a string?")]) == "string"
    nothing = [*before, Message("user", "And you?")]
    for prompt, message in (([], "a message of the user"), (nothing, "ask about one of")):
        with pytest.raises(ValueError, match=message):
            _toy.noun_of(prompt)


@pytest.mark.parametrize("noise", [0.0, 1.0, 4.0])
def test_preferences_follow_the_sigmoid(noise):
    wins, asked = Counter(), Counter()
    for pair in _toy.preferences(3000, 7, noise):
        noun = _toy.noun_of(pair.prompt)
        difference = _toy.oracle(noun, pair.chosen) - _toy.oracle(noun, pair.rejected)
        assert difference and _toy.is_well_formed(noun, pair.chosen) and _toy.is_well_formed(noun, pair.rejected)
        asked[abs(difference)] += 1
        wins[abs(difference)] += difference > 0
    assert set(asked) == {2, 4}
    for difference, count in asked.items():
        chance = 1 if noise == 0 else 1 / (1 + math.exp(-2 * difference / noise))
        spread = math.sqrt(chance * (1 - chance) / count)
        assert wins[difference] / count == pytest.approx(chance, abs=5 * spread + 1e-9)


def test_bad_input_is_named():
    for call in (_toy.answer, _toy.oracle, _toy.verifiable, _toy.is_well_formed):
        with pytest.raises(ValueError, match="noun must be one of 'list'"):
            call("banana", "x")
    with pytest.raises(TypeError, match="answer must be text"):
        _toy.oracle("list", None)
    for call in (_toy.conversations, _toy.prompts, _toy.preferences):
        with pytest.raises(ValueError, match="count must be at least 0"):
            call(-1, 0)
        with pytest.raises(TypeError, match="rng must be a seed"):
            call(1, None)
    with pytest.raises(ValueError, match="noise must be at least 0"):
        _toy.preferences(1, 0, noise=-1)
