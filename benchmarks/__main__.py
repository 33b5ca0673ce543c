"""``python -m benchmarks [--save] [--build COLD REBUILD]``: print the comparisons, and keep them if asked.

``--save`` writes `benchmarks/results.json`, dated, and the table in `benchmarks/README.md`. Pages of the
book quote times from that file and from nowhere else. ``--build`` takes the seconds of a cold build of
the book and of a rebuild after no change, which somebody else has measured, and keeps them beside.
"""

from __future__ import annotations

import argparse
import datetime
import json
from pathlib import Path

from benchmarks import (
    bpe,
    categorical,
    conv2d,
    gpt,
    ising,
    minhash,
    pretrain,
    scalar_engine,
    softmax_digits,
    tensor_digits,
)
from benchmarks.timing import machine

FOLDER = Path(__file__).resolve().parent
RESULTS = FOLDER / "results.json"
README = FOLDER / "README.md"
BEGIN, END = "<!-- table: begin -->", "<!-- table: end -->"


def table(rows: list[dict]) -> list[str]:
    """Lay out the rows of the Ising comparison as a Markdown table."""
    lines = ["| | spin updates per ns | ratio | |", "|---|--:|--:|---|"]
    for row in rows:
        speed = "–" if row["updates_per_ns"] is None else f"{row['updates_per_ns']:.4f}"
        ratio = "–" if row["ratio"] is None else f"{row['ratio']:.1f}"
        lines.append(f"| {row['name']} | {speed} | {ratio} | {row['note']} |")
    return lines


def sizes_table(rows: list[dict]) -> list[str]:
    """Lay out the rows of the Ising comparison at larger sizes: speed (ratio) for each size."""
    sizes = list(rows[0]["ratio"])
    lines = [f"| spin updates per ns (ratio) | {' | '.join(f'{size}²' for size in sizes)} |"]
    lines.append(f"|---|{'--:|' * len(sizes)}")
    for row in rows:
        cells = [f"{row['updates_per_ns'][size]:.4f} ({row['ratio'][size]:.1f})" for size in sizes]
        lines.append(f"| {row['name']} | {' | '.join(cells)} |")
    return lines


def draws_table(rows: list[dict]) -> list[str]:
    """Lay out the rows of the comparison of samplers: speed (ratio) for each number of outcomes."""
    outcomes = list(rows[0]["ratio"])
    lines = [f"| draws per µs (ratio) | {' | '.join(f'K = {k}' for k in outcomes)} | |"]
    lines.append(f"|---|{'--:|' * len(outcomes)}---|")
    for row in rows:
        cells = [f"{row['draws_per_us'][k]:.0f} ({row['ratio'][k]:.1f})" for k in outcomes]
        lines.append(f"| {row['name']} | {' | '.join(cells)} | {row['note']} |")
    return lines


def training_table(rows: list[dict]) -> list[str]:
    """Lay out the rows of the comparison of softmax regressions: time, ratio, and the loss that was reached."""
    lines = ["| | ms | time ratio | loss reached | steps |", "|---|--:|--:|--:|--:|"]
    for row in rows:
        cells = f"{row['milliseconds']:.0f} | {row['ratio']:.2f} | {row['loss']:.6f} | {row['steps']}"
        lines.append(f"| {row['name']} | {cells} |")
    return lines


def convolution_table(rows: list[dict]) -> list[str]:
    """Lay out the rows of the comparison of convolutions: time, and how many times as fast as the loops."""
    lines = ["| | ms | times as fast |", "|---|--:|--:|"]
    return lines + [f"| {row['name']} | {row['milliseconds']:.2f} | {row['ratio']:.1f} |" for row in rows]


def scalar_table(rows: list[dict]) -> list[str]:
    """Lay out the rows of the comparison of scalar engines, with and without Python's collector of garbage."""
    lines = ["| | forward, ms | backward, ms | faster by | collector off | in common loops |"]
    lines.append(f"|---|{'--:|' * 5}")
    for row in rows:
        times = f"{row['forward_ms']:.0f} | {row['backward_ms']:.0f}"
        ratios = f"{row['ratio']:.1f} | {row['ratio_without_collector']:.1f} | {row['common_loops']:.1f}"
        lines.append(f"| {row['name']} | {times} | {ratios} |")
    return lines


def tensor_table(rows: list[dict]) -> list[str]:
    """Lay out the rows of the comparison of array engines."""
    lines = ["| | network | numbers | ms | time ratio | last loss |", "|---|---|---|--:|--:|--:|"]
    for row in rows:
        cells = f"{row['milliseconds']:.0f} | {row['ratio']:.2f} | {row['loss']:.6f}"
        lines.append(f"| {row['name']} | {row['case']} | {row['dtype']} | {cells} |")
    return lines


def bpe_table(rows: list[dict]) -> list[str]:
    """Lay out the rows of the comparison of byte-pair encoders: times, and ratios to Hugging Face's."""
    lines = ["| | training, ms | ratio | encoding, ms | ratio |", "|---|--:|--:|--:|--:|"]
    for row in rows:
        cells = f"{row['train_ms']:.0f} | {row['train_ratio']:.2f} | {row['encode_ms']:.0f} | {row['encode_ratio']:.2f}"
        lines.append(f"| {row['name']} | {cells} |")
    return lines


def gpt_table(rows: list[dict]) -> list[str]:
    """Lay out the rows of the comparison of GPTs: time of a step or a token, and how many times as fast."""
    lines = ["| | | ms | times as fast |", "|---|---|--:|--:|"]
    return lines + [f"| {r['work']} | {r['name']} | {r['milliseconds']:.2f} | {r['ratio']:.2f} |" for r in rows]


def pretrain_table(rows: list[dict]) -> list[str]:
    """Lay out the rows of the comparison of trainings: tokens per second, and how many times as many."""
    lines = ["| | tokens per second | times as many |", "|---|--:|--:|"]
    return lines + [f"| {row['name']} | {row['tokens_per_second']:,} | {row['ratio']:.2f} |" for row in rows]


def minhash_table(rows: list[dict]) -> list[str]:
    """Lay out the rows of the comparison of MinHash signatures: time, ratio, and how far estimates are off."""
    lines = ["| | | ms | time ratio | mean error |", "|---|---|--:|--:|--:|"]
    for row in rows:
        found = zip((row["milliseconds"], row["ratio"], row["error"]), (".0f", ".2f", ".3f"), strict=True)
        cells = " | ".join("–" if value is None else format(value, digits) for value, digits in found)
        lines.append(f"| {row['work']} | {row['name']} | {cells} |")
    return lines


def heading(title: str, entry: dict) -> list[str]:
    """Write a comparison's title, its date and the machine."""
    described = ", ".join(f"{key} {value}" for key, value in entry["machine"].items())
    return [f"### {title} ({entry['date']})", "", described, ""]


def report(results: dict) -> str:
    """Write everything that is known as Markdown."""
    lines: list[str] = []
    if "ising" in results:
        entry = results["ising"]
        lines += [*heading(f"Ising model, {entry['size']}², T = T_c", entry), *table(entry["rows"]), ""]
        if "larger" in entry:
            lines += [*sizes_table(entry["larger"]), ""]
    if "categorical" in results:
        entry = results["categorical"]
        title = f"Drawing from a discrete law of K outcomes, {entry['draws']:,} times"
        lines += [*heading(title, entry), *draws_table(entry["rows"]), ""]
    if "softmax_digits" in results:
        entry = results["softmax_digits"]
        lines += [*heading("Softmax regression on 1,797 digits", entry), *training_table(entry["rows"]), ""]
    if "conv2d" in results:
        entry = results["conv2d"]
        title = f"Convolution, {entry['images']} with {entry['kernels']}"
        lines += [*heading(title, entry), *convolution_table(entry["rows"]), ""]
    if "scalar_engine" in results:
        entry = results["scalar_engine"]
        title = "Backpropagation number by number, 2-16-16-1, 100 examples"
        lines += [*heading(title, entry), *scalar_table(entry["rows"]), ""]
    if "tensor_digits" in results:
        entry = results["tensor_digits"]
        title = "An MLP trained on 1,797 digits, three epochs, one thread"
        lines += [*heading(title, entry), *tensor_table(entry["rows"]), ""]
    if "bpe" in results:
        entry = results["bpe"]
        learned = f"{entry['merges']} merges from {entry['trained']:,} characters"
        title = f"Byte-pair encoding: {learned}, then {entry['encoded']:,} encoded"
        lines += [*heading(title, entry), *bpe_table(entry["rows"]), ""]
    if "gpt" in results:
        entry = results["gpt"]
        lines += [*heading("A small GPT: training and writing, one thread", entry), *gpt_table(entry["rows"]), ""]
    if "pretrain" in results:
        entry = results["pretrain"]
        lines += [*heading("Pre-training a small GPT, one thread", entry), *pretrain_table(entry["rows"]), ""]
    if "minhash" in results:
        entry = results["minhash"]
        title = f"MinHash of {entry['documents']:,} short documents, {entry['hashes']} hash functions"
        lines += [*heading(title, entry), *minhash_table(entry["rows"]), ""]
    build = results.get("build", {"cold_seconds": None, "rebuild_seconds": None, "date": None})
    lines += [f"### Building the book ({build['date'] or 'not measured yet'})", ""]
    lines += ["| | seconds |", "|---|--:|"]
    for key, label in [("cold_seconds", "cold"), ("rebuild_seconds", "again, nothing changed")]:
        lines.append(f"| {label} | {'–' if build[key] is None else format(build[key], '.0f')} |")
    return "\n".join(lines)


def save(new: dict) -> None:
    """Put new entries into results.json and the table into the README; other entries stay."""
    results = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    results.update(new)
    RESULTS.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    text = README.read_text(encoding="utf-8")
    head, tail = text.split(BEGIN)[0], text.split(END)[1]
    README.write_text(f"{head}{BEGIN}\n\n{report(results)}\n\n{END}{tail}", encoding="utf-8")


def main() -> None:
    """Read the command line and do as it says."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.split("\n")[0])
    parser.add_argument("--save", action="store_true", help="write results.json and the README's table")
    parser.add_argument("--build", nargs=2, type=float, metavar=("COLD", "REBUILD"), help="seconds, to keep")
    arguments = parser.parse_args()
    today = datetime.date.today().isoformat()
    new: dict = {}
    if arguments.build:
        cold, rebuild = arguments.build
        new["build"] = {"date": today, "cold_seconds": cold, "rebuild_seconds": rebuild}
    if not arguments.build:
        when = {"date": today, "machine": machine()}
        new["ising"] = {**when, "size": ising.SIZE, "rows": ising.run(), "larger": ising.scan()}
        new["categorical"] = {**when, "draws": categorical.DRAWS, "rows": categorical.run()}
        new["softmax_digits"] = {**when, "rows": softmax_digits.run()}
        new["scalar_engine"] = {**when, "rows": scalar_engine.run()}
        new["tensor_digits"] = {**when, "rows": tensor_digits.run()}
        sizes = {"merges": bpe.MERGES, "trained": bpe.TRAINED, "encoded": bpe.ENCODED}
        new["bpe"] = {**when, **sizes, "rows": bpe.run()}
        new["gpt"] = {**when, "rows": gpt.run()}
        new["pretrain"] = {**when, "rows": pretrain.run()}
        sizes = {"documents": minhash.DOCUMENTS, "hashes": minhash.HASHES}
        new["minhash"] = {**when, **sizes, "rows": minhash.run()}
        images = f"{conv2d.IMAGES} images of {conv2d.CHANNELS} × {conv2d.SIDE} × {conv2d.SIDE}"
        kernels = f"{conv2d.KERNELS} kernels of {conv2d.KERNEL} × {conv2d.KERNEL}"
        new["conv2d"] = {**when, "images": images, "kernels": kernels, "rows": conv2d.run()}
    print(report(new))
    if arguments.save:
        save(new)


if __name__ == "__main__":
    main()
