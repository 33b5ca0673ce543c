import assert from "node:assert/strict";
import { test } from "node:test";

import {
  KINDS, answer, answers, bent, drawRound, expectedLeft, fits, left, limits, pairs, questions, value,
} from "../../book_lib/explorables/core/guess.js";
import { close, golden } from "./golden.js";

const vectors = golden("guess");

test("the shelf is Python's", () => {
  assert.deepEqual(KINDS, vectors.kinds);
  assert.deepEqual(questions(drawRound(0, false)), vectors.questions);
});

for (const { seed, fresh, round, ...expected } of vectors.rounds) {
  test(`round of seed ${seed}${fresh ? ", fresh" : ""} is Python's`, () => {
    assert.deepEqual(drawRound(seed, fresh), round);
    assert.deepEqual(limits(round), expected.limits);
    vectors.questions.forEach((x, i) => {
      for (const kind of KINDS) close(value(round, kind, x), expected.values[kind][i], `${kind} at ${x}`);
      close(bent(round, x, -1.5), expected.bent[i], "bent");
      assert.deepEqual(answers(round, KINDS, x).map(([, n]) => n), expected.answers[i].map(([, n]) => n));
      close(expectedLeft(round, KINDS, x), expected.expected_left[i], "expected");
      assert.deepEqual(left(round, [x, 4]), expected.left[i]);
    });
  });
}

test("every rule goes through both pairs, in every round, and no two rules are one", () => {
  for (let seed = 0; seed < 40; seed++) {
    const round = drawRound(seed, true);
    for (const kind of KINDS) {
      for (const [x, y] of pairs(round)) assert.ok(fits(round, kind, x, y), `${kind} misses ${x} → ${y}, seed ${seed}`);
      for (const other of KINDS.filter((k) => k > kind)) {
        const apart = questions(round).some((x) => Math.abs(value(round, kind, x) - value(round, other, x)) > 1e-3);
        assert.ok(apart, `${kind} and ${other} cannot be told apart, seed ${seed}`);
      }
    }
  }
});

test("2 → 4, 3 → 9: x² and 5x − 6 both fit, and differ at 4; the bent family holds both", () => {
  const round = drawRound(0, false);
  assert.deepEqual(pairs(round), [[2, 4], [3, 9]]);
  assert.deepEqual([value(round, "quadratic", 4), value(round, "line", 4)], [16, 14]);
  for (const x of [-1, 0.5, 2, 3, 4]) {
    assert.equal(bent(round, x, 0), x * x);
    assert.equal(bent(round, x, -1), 5 * x - 6);
  }
});

test("a question where all agree leaves all; the hidden rule always stays", () => {
  const round = drawRound(3, true);
  assert.equal(left(round, [2, 3]).length, KINDS.length);
  assert.equal(expectedLeft(round, KINDS, 2), KINDS.length);
  assert.deepEqual(left(round, questions(round)), [KINDS[round.hidden]]);
  assert.equal(answer(round, 2), pairs(round)[0][1]);
});

test("an unknown rule is named", () => {
  assert.throws(() => value(drawRound(0, false), "magic", 1), /kind must be one of .*, got magic/);
});
