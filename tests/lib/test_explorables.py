"""Explorables from Python's side: traits and their errors, pictures, explore, sketches, quizzes, fresh bundles."""

import gzip
import json
import subprocess
import sys
from pathlib import Path

import ipywidgets
import numpy as np
import pytest
import traitlets

import book_lib.explorables as explorables
from book_lib.explorables import (
    Choice,
    Explorable,
    Numeric,
    Quiz,
    Series,
    Sketch,
    base,
    bundle,
    explore,
)

VIEW = "application/vnd.jupyter.widget-view+json"
ROOT = Path(__file__).resolve().parents[2]


class Magnet(Explorable):
    """A widget of this test."""

    _esm = "export default {}"
    temperature = base.Real(2.0, above=0, most=10).tag(sync=True)
    size = base.Whole(8, least=4, most=64, step=2).tag(sync=True)
    rule = base.OneOf(["metropolis", "heat_bath"], "metropolis").tag(sync=True)
    width = base.OneOf([32, 64], 32).tag(sync=True)
    quick = traitlets.Bool(False)

    def still(self):
        return "<svg>day</svg>", "<svg>night</svg>", b"png"


# -- the package


def test_importing_the_package_imports_no_explorable():
    code = (
        "import sys, book_lib.explorables as e\n"
        "assert 'anywidget' not in sys.modules and 'book_lib.explorables.base' not in sys.modules\n"
        "assert 'Lattice' in dir(e)\n"
        "import book_lib.explorables.explore, book_lib.explorables.assets\n"
        "assert callable(e.explore) and callable(e.asset)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def test_unknown_name_lists_those_there_are():
    with pytest.raises(AttributeError, match="no 'Latice'; it has .*Lattice"):
        explorables.Latice  # noqa: B018


@pytest.mark.parametrize("name", sorted(set(explorables.__all__) - {"asset", "explore"}))
def test_every_public_name_resolves(name):
    assert getattr(explorables, name).__name__ == name


# -- traits


@pytest.mark.parametrize(
    ("traits", "message"),
    [
        ({"temperature": 0}, "temperature must be a finite number above 0 and of at most 10, not 0"),
        ({"temperature": -1}, "temperature .* not -1"),
        ({"temperature": float("nan")}, "temperature .* not nan"),
        ({"temperature": float("inf")}, "temperature .* not inf"),
        ({"temperature": 11}, "temperature .* not 11"),
        ({"temperature": "2"}, "temperature .* not '2'"),
        ({"temperature": True}, "temperature .* not True"),
        ({"temperature": None}, "temperature .* not None"),
        ({"size": 7}, "size must be a whole number of at least 4 and of at most 64, in steps of 2, not 7"),
        ({"size": 8.0}, "size .* not 8.0"),
        ({"size": 66}, "size .* not 66"),
        ({"rule": "magic"}, "rule must be one of 'metropolis', 'heat_bath', not 'magic'"),
        ({"rule": []}, "rule must be one of .* not \\[\\]"),
        ({"temperature": np.True_}, "temperature must be a finite number"),
        ({"temperature": np.array([1.0, 2.0])}, "temperature must be a finite number"),
        ({"temperature": 10**400}, "temperature must be a finite number"),
        ({"temperature": 1 + 0j}, "temperature must be a finite number"),
        ({"size": np.array([8, 16])}, "size must be a whole number"),
        ({"size": np.True_}, "size must be a whole number"),
        ({"rule": np.array(["metropolis", "heat_bath"])}, "rule must be one of"),
        ({"width": 64.0}, "width must be one of 32, 64, not 64.0"),
        ({"width": [64]}, "width must be one of 32, 64, not"),
        ({"seed": -1}, "seed must be a whole number of at least 0"),
        ({"seed": 2**32}, "seed must be a whole number"),
    ],
)
def test_bad_values_name_the_argument_what_came_and_what_was_expected(traits, message):
    with pytest.raises(ValueError, match=message):
        Magnet(**traits)
    magnet = Magnet()
    (name, value), *_ = traits.items()
    before = getattr(magnet, name)
    with pytest.raises(traitlets.TraitError, match=message):
        setattr(magnet, name, value)
    assert getattr(magnet, name) == before


def test_numpy_numbers_are_numbers():
    magnet = Magnet(temperature=np.float32(1.5), size=np.int64(16), width=np.int64(64), rule=np.array("heat_bath"))
    assert (type(magnet.temperature), type(magnet.size), type(magnet.width)) == (float, int, int)
    json.dumps([magnet.temperature, magnet.size, magnet.width, magnet.rule])


@pytest.mark.parametrize("make", [
    lambda: Magnet(alt=3), lambda: Magnet(quick="yes"), lambda: Quiz([Numeric("?", 1, 0)], name=5),
])  # fmt: skip
def test_bad_values_of_other_traits_are_value_errors_too(make):
    with pytest.raises(base.ArgumentError, match="alt|quick|name"):
        make()


def test_unknown_keyword_names_the_traits_there_are():
    with pytest.raises(TypeError, match="Magnet has no argument 'temprature'; it takes .*temperature"):
        Magnet(temprature=1.0)


def test_no_layout_model_rides_along():
    magnet = Magnet()
    assert magnet.get_state()["layout"] is None
    state = ipywidgets.Widget.get_manager_state(widgets=[magnet])["state"]
    assert len(state) == 1


def test_shared_keys_share_the_value_and_leave_a_link_in_the_state():
    first = Magnet(temperature=3.0, link={"temperature": "T of this test"})
    second = Magnet(temperature=1.0, link={"temperature": "T of this test"})
    assert second.temperature == first.temperature == 3.0
    assert second._links[0].source == (first, "temperature")
    with pytest.raises(ValueError, match="link must name a trait of Magnet, not 'warmth'"):
        Magnet(link={"warmth": "T"})


# -- pictures


def test_picture_only_when_the_book_is_built(monkeypatch):
    magnet = Magnet(alt="A magnet.")
    live, _ = magnet._repr_mimebundle_()
    assert set(live) == {VIEW, "text/plain"} and live["text/plain"] == "A magnet."
    monkeypatch.setattr(base, "BUILDING", True)
    built, _ = magnet._repr_mimebundle_()
    assert set(built) == {VIEW, "text/plain", "image/svg+xml", base.DARK_SVG, "image/png"}
    assert built["image/svg+xml"] == "<svg>day</svg>" and built["image/png"] == "cG5n"


@pytest.mark.parametrize(("still", "kinds"), [
    (None, set()), ("<svg/>", {"image/svg+xml"}), (b"png", {"image/png"}),
    (("<svg/>", "<svg/>"), {"image/svg+xml", base.DARK_SVG}),
])  # fmt: skip
def test_pictures_of_every_kind(still, kinds):
    assert set(base.still_bundle(still)) == kinds


def test_missing_bundle_says_how_to_build_it(monkeypatch, tmp_path):
    monkeypatch.setattr(base, "DIST", tmp_path)
    with pytest.raises(FileNotFoundError, match="python -m book_lib.explorables.bundle"):
        type("Nothing", (Explorable,), {"__module__": "book_lib.explorables.nothing"})


# -- bundles


def test_bundles_are_fresh_and_stand_alone():
    bundle.update()
    assert bundle.stale() == []
    for target in bundle.targets():
        text = (bundle.DIST / target.name).read_text(encoding="utf-8")
        if "--format=esm" in target.options:
            assert "export{" in text or "export default" in text
            assert "import" not in text.split("(")[0] and 'from"./' not in text
            assert len(gzip.compress(text.encode())) <= 60_000


def test_a_changed_source_makes_its_bundles_stale(monkeypatch):
    bundle.update()
    real = bundle._digest
    monkeypatch.setattr(bundle, "_digest", lambda path: "new" if path.name == "curve.js" else real(path))
    assert {target.name for target in bundle.stale()} >= {"sketch.js"}
    assert "quiz.js" not in {target.name for target in bundle.stale()}


def test_another_esbuild_makes_all_bundles_stale(monkeypatch):
    bundle.update()
    monkeypatch.setattr(bundle, "_tools", lambda: "another")
    assert len(bundle.stale()) == len(bundle.targets())


def test_missing_node_modules_is_said_plainly(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(bundle, "ROOT", tmp_path)
    monkeypatch.setattr(bundle, "DIST", tmp_path / "dist")
    monkeypatch.setattr(bundle, "RECORD", tmp_path / "dist" / "bundles.json")
    assert bundle.main([]) == 1
    error = capsys.readouterr().err
    assert "node_modules" in error and "make book" in error and error.count("esbuild is missing") == 1


def test_one_broken_module_does_not_stop_the_others(monkeypatch, tmp_path):
    good, bad = tmp_path / "good.js", tmp_path / "bad.js"
    good.write_text("export default {};")
    bad.write_text("import { nothing } from './nowhere.js'; export default nothing;")
    monkeypatch.setattr(bundle, "HERE", tmp_path)
    monkeypatch.setattr(bundle, "DIST", tmp_path / "dist")
    monkeypatch.setattr(bundle, "RECORD", tmp_path / "dist" / "bundles.json")
    with pytest.raises(bundle.BundleError, match="bad.js: esbuild failed"):
        bundle.update()
    assert (tmp_path / "dist" / "good.js").exists()
    assert [target.name for target in bundle.stale()] == ["bad.js"]


# -- explore


def line(slope):
    return [0.0, 1.0], [0.0, float(slope)]


def shipped(widget) -> list:
    return json.loads(gzip.decompress(widget.frames))


@pytest.fixture
def building(monkeypatch):
    monkeypatch.setattr(base, "BUILDING", True)


def curves(**choices):
    return explore(lambda **values: line(1), alt="A line", xlabel="x", ylabel="y", **choices)


def test_explore_ships_every_combination_in_order(building):
    widget = explore(
        lambda a, b: ([0, 1], [a, len(b)]), alt="{a} and {b}", xlabel="x", ylabel="y", a=[1, 2], b=["x", "yy", "zzz"]
    )
    frames = shipped(widget)
    assert [frame["alt"] for frame in frames] == [f"{a} and {b}" for a in (1, 2) for b in ("x", "yy", "zzz")]
    assert frames[4]["series"][0]["y"] == [2, 2]
    assert widget.limits == {"x": [0, 1], "y": [1, 3]}
    assert (widget.a, widget.b) == (2, "yy")


def test_explore_ships_nothing_in_jupyter_and_answers_instead():
    widget = explore(line, alt="Slope {slope}", xlabel="x", ylabel="y", slope=[1.0, 2.0, 4.0])
    assert widget.frames == b""
    sent = []
    widget.send = sent.append
    widget._handle_custom_msg({"ask": {"slope": 2.5}, "id": "a-1"}, [])
    assert sent[0]["answer"] == "a-1"
    assert sent[0]["frame"]["alt"] == "Slope 2.5" and sent[0]["frame"]["series"][0]["y"] == [0, 2.5]
    widget._handle_custom_msg({"ask": {}, "id": "a-2"}, [])
    assert sent[1] == {"answer": "a-2", "error": "KeyError: 'slope'"}
    widget._handle_custom_msg({"something": "else"}, [])
    assert len(sent) == 2


def test_explore_traits_take_what_lies_between_and_nothing_beyond():
    widget = explore(line, alt="a", xlabel="x", ylabel="y", slope=[1.0, 2.0, 4.0])
    widget.slope = 3.3
    assert widget.values == {"slope": 3.3}
    with pytest.raises(ValueError, match="slope must be a finite number of at least 1 and of at most 4, not 5"):
        widget.slope = 5
    whole = explore(lambda n: line(n), alt="{n}", xlabel="x", ylabel="y", n=[1, 3, 5])
    with pytest.raises(ValueError, match="n must be a whole number"):
        whole.n = 2.5
    words = explore(lambda w: line(1), alt="{w}", xlabel="x", ylabel="y", w=["a", "b"])
    with pytest.raises(ValueError, match="w must be one of 'a', 'b', not 'c'"):
        words.w = "c"


def test_explore_starts_on_the_grid_when_the_book_is_built(building):
    assert curves(k=[1, 2, 3], start={"k": 3}).k == 3
    with pytest.raises(ValueError, match=r"start of k must be one of \[1, 2, 4\], not 3"):
        curves(k=[1, 2, 4], start={"k": 3})


def test_explore_may_have_a_seed_axis():
    widget = explore(lambda seed: line(seed), alt="{seed}", xlabel="x", ylabel="y", seed=[1, 2, 3])
    widget.seed = 3
    assert widget.values == {"seed": 3}


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({}, "at least one argument"),
        ({"k": []}, "k must hold different values"),
        ({"k": [1, 1]}, "k must hold different values"),
        ({"k": [2, 1]}, "numbers of k must be finite and ascend"),
        ({"k": [1.0, float("nan")]}, "numbers of k must be finite"),
        ({"k": [1, "a"]}, "k must hold numbers only or words only"),
        ({"open": [1, 2]}, "cannot be called 'open'"),
        ({"readouts": [1, 2]}, "cannot be called 'readouts'"),
        ({"ship": [1, 2]}, "cannot be called 'ship'"),
        ({"_alt": [1, 2]}, "cannot be called '_alt'"),
        ({"k": "abc"}, "k must be a list of numbers or of words, not 'abc'"),
        ({"k": 3}, "k must be a list of numbers or of words, not 3"),
        ({"k": [[1, 2], [3]]}, "k must be a list of numbers or of words"),
        ({"k": np.ones((2, 2))}, "k must be a list of numbers or of words"),
        ({"k": [1, 2], "labels": {"n": "N"}}, "labels names 'n', which is no argument; there are k"),
        ({"k": [1, 2], "start": {"n": 1}}, "start names 'n', which is no argument; there are k"),
        (
            {"k": range(41), "n": range(5)},
            "41 × 5 = 205 combinations, at most 200 .* largest axis is k with 41 values",
        ),
    ],
)
def test_explore_refuses(choices, message):
    with pytest.raises(ValueError, match=message):
        curves(**choices)


def test_explore_names_the_largest_axis_when_results_are_too_heavy(building):
    rng = np.random.default_rng(0)
    noise = lambda a, b: (np.arange(2000.0), rng.random(2000))  # noqa: E731
    with pytest.raises(ValueError, match="40 results take .* kB .* largest axis is b with 20 values"):
        explore(noise, alt="noise", xlabel="x", ylabel="y", a=[1, 2], b=range(20))


def test_explore_needs_labels_and_words():
    with pytest.raises(ValueError, match="needs xlabel and ylabel"):
        explore(line, alt="a", slope=[1, 2])
    with pytest.raises(ValueError, match="alt must say"):
        explore(line, alt=" ", xlabel="x", ylabel="y", slope=[1, 2])
    with pytest.raises(ValueError, match="alt names 'steepness', which is no argument; there are slope"):
        explore(line, alt="{steepness}", xlabel="x", ylabel="y", slope=[1, 2])
    for alt in ("{slope", "lone } brace", "{slope.x}", "{slope:%}%d{slope:zz}", 3, lambda slope: slope):
        with pytest.raises(ValueError, match="alt must be a "):
            explore(line, alt=alt, xlabel="x", ylabel="y", slope=[1, 2])
    with pytest.raises(TypeError, match="must return a matplotlib figure, .* not int"):
        explore(lambda slope: 3, alt="a", xlabel="x", ylabel="y", slope=[1, 2])


def test_a_failing_function_fails_in_its_cell():
    with pytest.raises(ZeroDivisionError):
        explore(lambda k: line(1 / 0), alt="a", xlabel="x", ylabel="y", k=[1, 2])


def test_explore_pictures_turn_dark_by_exchanging_colours(building):
    from book_lib import plotting

    def picture(level):
        figure, axes = plotting.figure()
        axes.plot([0, 1], [0, level], color=plotting.COLORS.simulation)
        return figure

    widget = explore(picture, alt=lambda level: f"Level {level}", level=[1, 2])
    frame = shipped(widget)[0]
    assert frame["alt"] == "Level 1" and "dark" not in frame
    assert frame["exchange"][plotting.COLORS.simulation] == plotting.DARK_COLORS.simulation
    data, _ = widget._repr_mimebundle_()
    assert data["text/plain"] == "Level 2" and data["image/svg+xml"].startswith("<svg")


def test_explore_builds_the_same_bytes_twice(building):
    first, second = (explore(line, alt="{slope}", xlabel="x", ylabel="y", slope=[1, 2]).frames for _ in range(2))
    assert first == second


# -- sketches


def a_sketch(**changes):
    arguments = {
        "name": "m-of-t", "x": (0, 5, "T"), "y": (0, 1, "|m|"), "question": "How?",
        "series": [
            Series("simulation", [1, 2], [1, 0.5]),
            {"name": "exact", "x": [0, 5], "y": [1, 0], "kind": "theory"},
        ],
    }  # fmt: skip
    return Sketch(**(arguments | changes))


def test_sketch_measures_the_gap_from_the_theory():
    sketch = a_sketch()
    assert sketch.against == "exact"
    assert sketch.series[1] == {"name": "exact", "kind": "theory", "x": [0, 5], "y": [1, 0]}
    assert a_sketch(against="simulation").against == "simulation"
    assert "exact" in sketch.describe()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "M of T"}, "name must be lower-case"),
        ({"x": (5, 0, "T")}, "x must be \\(smallest, largest, label\\)"),
        ({"y": (0, 1)}, "y must be"),
        ({"series": []}, "at least one curve"),
        ({"series": [{"name": "a", "x": [1, 2], "y": [1]}]}, "y of series 'a' must have shape \\(2,\\)"),
        ({"series": [{"name": "a", "x": [2, 1], "y": [1, 1]}]}, "x of series 'a' must ascend"),
        ({"series": [{"name": "a", "x": [1, 2], "y": [1, np.nan]}]}, "y of series 'a' must be finite"),
        ({"series": [{"name": "a", "x": [1, 2], "y": [1, 1], "kind": "guess"}]}, "kind of series 'a' must be one of"),
        ({"series": [Series("a", [1, 2], [1, 2])] * 2}, "different names"),
        ({"against": "nothing"}, "against must be one of"),
        ({"gap": "You were off by {average}."}, "gap may use .* not 'average'"),
        ({"sketch": [0.5] * 7}, "sketch must hold 61 numbers"),
        ({"sketch": ["a"] * 61}, "sketch must be a real number, got 'a'"),
        ({"sketch": [float("nan")] * 61}, "sketch must be finite"),
        ({"name": 5}, "name must be lower-case"),
        ({"gap": 5}, "gap must be a sentence, not 5"),
        ({"x": (0, 10**400, "T")}, "x must be"),
        ({"series": Series("a", [1, 2], [1, 2])}, "series must be a list"),
        ({"series": ["a"]}, "series must hold Series or dictionaries"),
        ({"series": [{"name": "a", "x": [1, 2], "y": [1, 2], "color": "red"}]}, "with the fields name, x, .*color"),
        ({"series": [{"name": "a", "x": 1, "y": 2}]}, r"x of series 'a' must have shape \(2,\), not \(\)"),
        ({"series": [{"name": "a", "x": [1, 2], "y": [1, 2j]}]}, "y of series 'a' must be an array of real numbers"),
        ({"series": [{"name": 5, "x": [1, 2], "y": [1, 2]}]}, "name of a series must be a text"),
        ({"series": [{"name": "a", "x": [1, 2], "y": [1, 2], "error": [1, -1]}]}, "must not be negative, got -1"),
    ],
)
def test_sketch_refuses(changes, message):
    with pytest.raises(ValueError, match=message):
        a_sketch(**changes)


def test_sketch_has_a_picture_for_print():
    light, dark, png = a_sketch().still()
    assert light.startswith("<svg") and light != dark and png[:4] == b"\x89PNG"


# -- quizzes


def test_quiz_remembers_under_a_name_made_from_its_questions():
    questions = [Choice("2 + 2?", {"22": ("Sum as text", "No."), "4": True})]
    assert Quiz(questions).name == Quiz(questions).name != Quiz([*questions, *questions]).name
    assert Quiz(questions, name="sums").name == "sums"
    questions += [Numeric("7 · 8?", answer=56, tolerance=0), Numeric("Area?", answer=6, tolerance=0, unit="m²")]
    assert Quiz(questions).describe() == "1. 2 + 2? (22; 4) 2. 7 · 8? (a number) 3. Area? (a number, in m²)"


def test_options_keep_their_order_and_replies():
    state = Choice("?", {"a": ("Idea", "Reply."), "b": (True, "Yes."), "c": "Plain."}).state()
    assert [option["text"] for option in state["options"]] == ["a", "b", "c"]
    assert state["options"][0] == {"text": "a", "right": False, "reply": "Reply.", "misconception": "Idea"}
    assert state["options"][1] == {"text": "b", "right": True, "reply": "Yes."}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Quiz([]), "at least one Choice or Numeric"),
        (lambda: Choice("?", {"a": True}), "one right answer and a wrong one, not 1 right of 1"),
        (lambda: Choice("?", {"a": True, "b": True}), "not 2 right"),
        (lambda: Choice("?", {"a": "no", "b": "no"}), "not 0 right"),
        (lambda: Choice("?", {"a": True, "b": ""}), "verdict on 'b'"),
        (lambda: Choice("?", {"a": True, "b": False}), "verdict on 'b'"),
        (lambda: Numeric("?", answer=float("nan"), tolerance=0), "must be finite"),
        (lambda: Numeric("?", answer=1, tolerance=-1), "tolerance of '\\?' must be at least 0, not -1"),
        (lambda: Numeric("?", answer="4", tolerance=0.1), "each number of '\\?' must be a real number, got '4'"),
        (lambda: Numeric("?", answer=4, tolerance=0.1, slips={3: 5}), "must have a reply in words, not 5"),
        (lambda: Numeric("?", answer=4, tolerance=0.1, slips=[3]), "slips of .* must be {value: reply}"),
        (lambda: Numeric("?", answer=4, tolerance=0.1, see=("x",)), "see must be \\(text, href\\)"),
        (lambda: Numeric("?", answer=4, tolerance=0.1, unit=5), "unit must be a text, not 5"),
        (lambda: Choice("?", {"a": True, "b": "no"}, see="xy"), "see must be \\(text, href\\), not 'xy'"),
        (lambda: Choice("?", ["a", "b"]), "options of .* must be {answer: verdict}"),
        (lambda: Choice("?", {1: True, "b": "no"}), "answer must be a text, not 1"),
        (lambda: Quiz(Choice("?", {"a": True, "b": "no"})), "must be a list of Choice and Numeric, not Choice"),
        (lambda: Numeric("?", answer=1, tolerance=0.1, slips={1.05: "x"}), "outside the tolerance, not at 1.05"),
        (lambda: Numeric("?", answer=1, tolerance=0.1, slips={2: " "}), "must have a reply"),
    ],
)
def test_quiz_refuses(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_numpy_numbers_are_answers():
    quiz = Quiz([Numeric("?", np.float32(4), np.float64(0.5), slips={np.int64(3): "No."})])
    assert '"answer": 4.0' in json.dumps(quiz.questions) and quiz.questions[0]["slips"][0]["value"] == 3


def test_quiz_takes_questions_only():
    with pytest.raises(TypeError, match="must be Choice or Numeric, not str"):
        Quiz(["2 + 2?"])
