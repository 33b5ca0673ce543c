import assert from "node:assert/strict";
import { test } from "node:test";

import { ALEXNET, Misfit, SHAPE, cone, conv, dense, jumpOf, outputSize, pool, receptiveField, totals, walk } from "../../book_lib/explorables/core/convnet.js";
import { KERNELS, convolve, crossCorrelate, entryText, isCut, shade, turned, windowAt } from "../../book_lib/explorables/core/kernels.js";
import { calculate, grouped, pack, sentence as integers, turnedInto, unpack } from "../../book_lib/explorables/alexnet_calculator.js";
import { compute, sentence as edited } from "../../book_lib/explorables/kernel_editor.js";
import { sentence as seen, stack } from "../../book_lib/explorables/receptive_field.js";
import { parseNumber } from "../../book_lib/explorables/kit/quiz.js";
import { close, golden } from "./golden.js";

const kernels = golden("kernels");
const nets = golden("layers");

test("the kernels are the library's", () => {
  assert.deepEqual(Object.keys(KERNELS), Object.keys(kernels.kernels));
  for (const [name, kernel] of Object.entries(kernels.kernels)) kernel.forEach((v, i) => close(KERNELS[name][i], v, name));
});

for (const { name, image, width, kernel, cross_correlation: across, convolution } of kernels.cases) {
  test(`sums over a corner of ${name} are Python's`, () => {
    const sums = crossCorrelate(image, width, kernel);
    assert.equal(sums.length, across.length);
    sums.forEach((v, i) => close(v, across[i], "cross-correlation", 1e-12, 1e-10));
    convolve(image, width, kernel).forEach((v, i) => close(v, convolution[i], "convolution", 1e-12, 1e-10));
    const at = windowAt(image, width, 2, 3).reduce((sum, v, i) => sum + v * kernel[i], 0);
    close(at, sums[(2 - 1) * (width - 2) + 2], "one pixel", 1e-12, 1e-10);
  });
}

test("turned twice is as before, and sums become greys", () => {
  assert.deepEqual(turned(turned(KERNELS.emboss)), KERNELS.emboss);
  const views = ["clipped", "absolute", "signed"];
  assert.deepEqual(views.map((view) => shade(view, -100)), [0, 100, 78]);
  assert.deepEqual(views.map((view) => shade(view, 900)), [255, 255, 255]);
  const cut = (sum) => views.map((view) => isCut(view, sum));
  assert.deepEqual(cut(-100), [true, false, false]);
  for (const sum of [0, 255, 255 + 1e-12]) assert.deepEqual(cut(sum), [false, false, false]);
  for (const sum of [256, 900]) assert.deepEqual(cut(sum), [true, true, true]);
  assert.deepEqual(cut(-255), [true, false, false]);
  assert.deepEqual(cut(-256), [true, true, true]);
});

test("entries are written so that they read back as themselves", () => {
  for (const [v, text] of [[1 / 9, "1/9"], [-2 / 3, "-2/3"], [0.0625, "0.0625"], [-2, "-2"], [0, "0"], [0.25, "0.25"], [0.1235, "0.1235"]]) {
    assert.equal(entryText(v), text);
    assert.equal(parseNumber(text), v);
  }
  for (const kernel of Object.values(KERNELS)) for (const v of kernel) close(parseNumber(entryText(v)), v, "entry");
  assert.equal(entryText(Math.PI), "3.14159");
});

test("bad places and kernels are named", () => {
  assert.throws(() => windowAt(new Uint8Array(16), 4, 0, 1), /row must be at least 1/);
  assert.throws(() => windowAt(new Uint8Array(16), 4, 1, 3), /column must be at most 2/);
  assert.throws(() => crossCorrelate(new Uint8Array(16), 4, [1, 2]), /kernel must hold 9 numbers, got 2/);
});

test("an editor says what its kernel does", () => {
  const image = new Uint8Array(128 * 128).map((_, k) => (k % 128 < 64 ? 10 : 210));
  const settings = { photograph: "cat", kernel: KERNELS["vertical edges"], row: 5, column: 64, flip: false, view: "absolute" };
  const edge = compute(settings, image);
  assert.equal(edge.sum, 800);
  assert.equal(compute({ ...settings, flip: true }, image).sum, -800);
  assert.match(edited(edge), /add up to 800, shown as the grey 255.*sum to 0.*Cross-correlation/);
  assert.match(edited(compute({ ...settings, flip: true }, image)), /Turned first/);
  assert.match(edited(compute({ ...settings, kernel: KERNELS.blur, flip: true }, image)), /sum to 1.*both are one/);
  const edge2 = compute({ ...settings, kernel: [0, 0, 0, 0, 3, 0, 0, 0, 0], view: "clipped" }, image);
  assert.match(edited(edge2), /add up to 630, shown as the grey 255.* 7938 of the 15876 sums are beyond .* the sum is 3 times its grey/);
  assert.doesNotMatch(edited(compute({ ...settings, kernel: KERNELS.blur }, image)), /beyond/);
  assert.match(edited(compute({ ...settings, kernel: new Array(9).fill(0) }, image)), /All entries are 0/);
  assert.match(edited(compute({ ...settings, kernel: new Array(9).fill(9.5), column: 100 }, image)), /add up to 17955,/);
});

// --- layers

test("sizes and fields are the library's", () => {
  for (const [n, kernel, stride, padding, size] of nets.sizes) assert.equal(outputSize(n, kernel, stride, padding), size);
  for (const { pairs, field } of nets.fields) {
    assert.equal(receptiveField(pairs), field);
    const [first, last] = cone(pairs, 3)[0];
    assert.equal(last - first + 1, field);
    assert.equal(cone(pairs, 4)[0][0] - first, jumpOf(pairs));
  }
});

for (const { layers, input, rows, ...sums } of nets.networks) {
  test(`a network of ${sums.parameters} parameters is the library's`, () => {
    const walked = walk(unpack(layers), input);
    assert.equal(walked.misfit, null);
    assert.deepEqual(walked.rows, rows);
    assert.deepEqual(totals(walked.rows), sums);
    assert.deepEqual(pack(unpack(layers)), layers);
  });
}

test("AlexNet is the one of the library", () => {
  assert.deepEqual(pack(ALEXNET), nets.networks[0].layers);
  assert.deepEqual(SHAPE, nets.networks[0].input);
  assert.deepEqual(totals(walk(ALEXNET, SHAPE).rows).parameters, 60_965_224);
});

test("a layer that does not fit is named, with the reason", () => {
  assert.equal(outputSize(2, 4, 1, 1), 1); // larger than the image, not than the padded one
  const misfit = (layers, shape = [3, 8, 8]) => walk(layers, shape).misfit;
  const cases = [
    [[conv(4, 9)], 0, "kernel", /kernel of 9 is larger than 8 \+ 2·0/],
    [[conv(4, 3, { padding: 3 })], 0, "padding", /padding of 3 is not less/],
    [[conv(4, 3), conv(4, 3, { groups: 3 })], 1, "groups", /3 groups do not divide 4 channels/],
    [[conv(5, 3, { groups: 3 })], 0, "groups", /3 groups do not divide 5 channels/],
    [[dense(9), pool(2, 2)], 1, "flat", /no image left/],
  ];
  for (const [layers, layer, code, words] of cases) {
    const found = misfit(layers);
    assert.ok(found.error instanceof Misfit);
    assert.deepEqual([found.layer, found.error.code], [layer, code]);
    assert.match(integers(calculate(pack(layers), [3, 8, 8], 0)), words);
  }
});

test("a network says its integers, and those of one layer", () => {
  const told = (chosen) => integers(calculate(pack(ALEXNET), SHAPE, chosen));
  assert.match(told(0), /60,965,224 parameters: 2,334,080 in convolutions \(3\.8\s%\) and 58,631,144 .*\(96\.2\s%\)\. 659,272 units; 724 million/);
  assert.match(told(0), /Layer 1, conv: 96 kernels of 11 × 11 × 3 = 363 weights each, and a bias: 34,944/);
  assert.match(told(2), /256 kernels of 5 × 5 × 48/);
  assert.match(told(8), /4,096 units, each with 9,216 weights and a bias: 37,752,832/);
});

test("a stack tells its formula", () => {
  assert.match(seen(stack([3, 1, 3, 1], 20)), /R = 1 \+ \(3 − 1\)·1 \+ \(3 − 1\)·1 = 5: unit 20 .* pixels 20 to 24.*9 \+ 9 = 18 weights.* 25/);
  assert.match(seen(stack([3, 2, 5, 1], 99)), /\(5 − 1\)·2 = 11: unit 26 .* pixels 52 to 62, .*2 pixels apart/);
  assert.deepEqual(stack([5, 2, 5, 2, 5, 2, 5, 2], 9).sizes, [64, 30, 13, 5, 1]);
  assert.deepEqual(stack([5, 2, 5, 2, 5, 2, 5, 2, 5, 2], 9).sizes, [128, 62, 29, 13, 5, 1]);
});

test("a cone holds the pixels that a unit hears of, and no others", () => {
  for (const flat of [[3, 1, 3, 1], [3, 2, 5, 1, 3, 2], [2, 2, 2, 2], [1, 2, 5, 1], [5, 2, 5, 2, 5, 2, 5, 2, 5, 2]]) {
    const { pairs, sizes, unit, seen: [[first, last]] } = stack(flat, 2);
    for (let pixel = 0; pixel < sizes[0]; pixel++) {
      let line = Array.from({ length: sizes[0] }, (_, i) => Number(i === pixel));
      pairs.forEach(([kernel, stride], k) => {
        line = Array.from({ length: sizes[k + 1] }, (_, i) => line.slice(i * stride, i * stride + kernel).reduce((a, b) => a + b));
      });
      const hears = line[unit] !== 0;
      if (hears) assert.ok(first <= pixel && pixel <= last, `${flat}: hears of ${pixel}`);
      else if (pairs.every(([kernel, stride]) => kernel >= stride)) assert.ok(pixel < first || pixel > last, `${flat}: deaf to ${pixel}`);
    }
  }
});

test("integers are written in full as long as they are exact", () => {
  assert.deepEqual([0, 999, 1000, 60_965_224].map(grouped), ["0", "999", "1,000", "60,965,224"]);
  assert.equal(grouped(2.5e16), "≈ 2.5 × 10¹⁶");
});

test("a layer of another kind keeps what it can", () => {
  assert.deepEqual(turnedInto(conv(96, 11, { stride: 4 }), "pool"), pool(11, 2));
  assert.deepEqual(turnedInto(pool(6, 2), "dense"), dense(1000));
  assert.deepEqual(turnedInto(dense(80), "conv"), conv(80, 3));
});
