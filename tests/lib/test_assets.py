"""What `asset` accepts, and how it packs it."""

from pathlib import Path

import numpy as np
import pytest

from book_lib.explorables import assets
from book_lib.explorables.assets import asset, pack
from book_lib.explorables.base import _answer


@pytest.fixture(autouse=True)
def fresh_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a kernel that has shipped nothing."""
    monkeypatch.setattr(assets, "_shipped", {})
    monkeypatch.delenv("BOOK_ASSETS", raising=False)


def unpack(header: dict, body: bytes) -> dict[str, np.ndarray]:
    """The arrays of a packed asset, read back independently."""
    return {
        e["name"]: np.frombuffer(body, e["dtype"], int(np.prod(e["shape"])), e["offset"]).reshape(e["shape"])
        for e in header["arrays"]
    }


def test_arrays_come_back_aligned() -> None:
    arrays = {
        "bits": np.array([True, False, True]),
        "big": np.arange(6, dtype=">i4").reshape(2, 3).T,
        "long": np.array([-5, 2**31 - 1]),
        "real": np.linspace(0, 1, 5),
        "none": np.zeros((0, 2), np.float32),
        "one": np.array(7, np.uint8),
    }
    header, body = pack(arrays)
    assert header["kind"] == "arrays"
    assert all(entry["offset"] % 8 == 0 for entry in header["arrays"])
    for name, array in unpack(header, body).items():
        np.testing.assert_array_equal(array, arrays[name])


def test_a_single_number_keeps_its_shape() -> None:
    assert pack(np.array(5))[0]["arrays"][0]["shape"] == []


@pytest.mark.parametrize("data", [b"\x00\xff", bytearray(b"ab"), memoryview(b"abc")])
def test_bytes(data: bytes) -> None:
    assert pack(data) == ({"kind": "bytes"}, bytes(data))


def test_json_may_hold_any_text() -> None:
    assert pack({"温度": [1, None]}) == ({"kind": "json"}, '{"温度":[1,null]}'.encode())


@pytest.mark.parametrize(
    ("data", "error", "words"),
    [
        (np.array([2**31]), ValueError, "the array has numbers outside int32"),
        ({"x": np.array([1, -(2**40)])}, ValueError, "array 'x' has numbers outside int32"),
        (np.array([1j]), TypeError, "the array is complex128; expected bool or one of int8"),
        (np.array(["a"]), TypeError, "the array is <U1"),
        ({1, 2}, TypeError, "data must be bytes, arrays or JSON, not set"),
        ({"x": float("nan")}, ValueError, r"data\['x'\] is nan; expected a finite number"),
        ({1: 2}, TypeError, "data has the key 1; expected keys of type str"),
        (np.ma.array([1, 2], mask=[0, 1]), TypeError, "the array is masked"),
        ({"x": np.zeros(1), "y": 1}, TypeError, "not dict"),
    ],
)
def test_what_cannot_be_shipped(data: object, error: type, words: str) -> None:
    with pytest.raises(error, match=words):
        asset("some-data", data)


@pytest.mark.parametrize("name", ["", "Two Words", "a/b", "../a", None, "a.b"])
def test_bad_names(name: object) -> None:
    with pytest.raises(ValueError, match="name must be lower-case words"):
        asset(name, b"")


def test_building_writes_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOOK_ASSETS", str(tmp_path))
    assert asset("some-data", [1, 2]) == "some-data"
    assert (tmp_path / "some-data.asset").read_bytes() == b'{"kind":"json"}\n[1,2]'
    asset("some-data", [1, 2])
    with pytest.raises(ValueError, match="'some-data' was shipped before with other data"):
        asset("some-data", [1, 3])


class Widget:
    """Keeps what is sent."""

    def __init__(self) -> None:
        self.sent: list = []

    def send(self, *message: object) -> None:
        self.sent.append(message)


def test_kernel_answers_the_page() -> None:
    asset("some-data", b"12")
    asset("some-data", b"123")  # a cell that is run again, in Jupyter
    widget = Widget()
    for content in ({"asset": "some-data"}, {"asset": "other"}, {"ask": [1]}, "text"):
        _answer(widget, content, [])
    assert len(widget.sent) == 2
    assert widget.sent[0] == ({"asset": "some-data", "header": {"kind": "bytes"}}, [b"123"])
    assert widget.sent[1][0]["error"] == "this kernel has shipped no asset 'other'"
