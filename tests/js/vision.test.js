import assert from "node:assert/strict";
import { test } from "node:test";

import { ALEXNET, Misfit, SHAPE, cone, conv, dense, jumpOf, outputSize, pool, receptiveField, totals, walk } from "../../book_lib/explorables/core/convnet.js";
import { KERNELS, convolve, crossCorrelate, shade, turned, windowAt } from "../../book_lib/explorables/core/kernels.js";
import { calculate, pack, sentence as integers, unpack } from "../../book_lib/explorables/alexnet_calculator.js";
import { compute, sentence as edited } from "../../book_lib/explorables/kernel_editor.js";
import { sentence as seen, stack } from "../../book_lib/explorables/receptive_field.js";
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
  assert.deepEqual(["clipped", "absolute", "signed"].map((view) => shade(view, -100)), [0, 100, 77.5]);
  assert.deepEqual(["clipped", "absolute", "signed"].map((view) => shade(view, 900)), [255, 255, 255]);
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
  assert.match(edited(compute({ ...settings, kernel: [0, 0, 0, 0, 3, 0, 0, 0, 0] }, image)), /3 times as bright/);
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
  const misfit = (layers, shape = [3, 8, 8]) => walk(layers, shape).misfit;
  const cases = [
    [[conv(4, 9)], 0, "kernel", /kernel of 9 is larger than 8 \+ 2·0/],
    [[conv(4, 3, { padding: 3 })], 0, "padding", /padding of 3 is not less/],
    [[conv(4, 3), conv(4, 3, { groups: 3 })], 1, "groups", /3 groups do not divide 4 channels/],
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
  assert.match(told(0), /60,965,224 parameters: 2,334,080 in convolutions \(3\.8 %\) and 58,631,144 .*\(96\.2 %\)\. 659,272 units; 724 million/);
  assert.match(told(0), /Layer 1, conv: 96 kernels of 11 × 11 × 3 = 363 weights each, and a bias: 34,944/);
  assert.match(told(2), /256 kernels of 5 × 5 × 48/);
  assert.match(told(8), /4,096 units, each with 9,216 weights and a bias: 37,752,832/);
});

test("a stack tells its formula", () => {
  assert.match(seen(stack([3, 1, 3, 1], 20)), /r = 1 \+ \(3 − 1\)·1 \+ \(3 − 1\)·1 = 5: unit 20 .* pixels 20 to 24.*9 \+ 9 = 18 weights.* 25/);
  assert.match(seen(stack([3, 2, 5, 1], 99)), /\(5 − 1\)·2 = 11: unit 26 .*2 pixels apart/);
  assert.deepEqual(stack([5, 2, 5, 2, 5, 2, 5, 2], 9).sizes, [64, 30, 13, 5, 1]);
  assert.deepEqual(stack([5, 2, 5, 2, 5, 2, 5, 2, 5, 2], 9).sizes, [128, 62, 29, 13, 5, 1]);
});
