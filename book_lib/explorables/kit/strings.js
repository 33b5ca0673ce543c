// Every word the kit shows, one table per language. An explorable adds its own with `strings({en, zh})`.

import { fill } from "./format.js";

/** @typedef {Record<string, string>} Table */
/** @typedef {{en: Table, zh: Table}} Tables */

/** @type {Tables} */
export const kitStrings = {
  en: {
    play: "Play",
    pause: "Pause",
    step: "Step",
    reset: "Reset",
    table: "Show as table",
    tableHide: "Hide table",
    fullScreen: "Full screen",
    fullScreenLeave: "Leave full screen",
    copy: "Copy as CSV",
    copied: "Copied",
    copyFailed: "The browser did not allow copying.",
    readouts: "Readouts",
    quantity: "Quantity",
    value: "Value",
    data: "Data",
    thinned: "{shown} of {all} rows; the copy has all.",
    typed: "{label}, as a number",
    errorRange: "{label}: enter a number from {min} to {max}.",
    errorWhole: "{label}: enter a whole number from {min} to {max}.",
    errorStep: "{label}: enter a number from {min} to {max} in steps of {step}.",
    errorStops: "{label}: this page holds the values {values}.",
    seed: "Seed",
    seedNext: "Next seed",
    presets: "Presets",
    sketchDrawn: "Your sketch",
    sketchHint: "Draw your guess here",
    sketchHelp: "Draw in the picture, or move the points with the arrow keys.",
    sketchPoint: "Your guess at {x}",
    sketchUnset: "not drawn yet",
    sketchReveal: "Reveal",
    sketchAgain: "Draw again",
    sketchTable: "As numbers",
    sketchMissing: "Draw over the whole width first: {count} of {all} points are still missing.",
    sketchGap: "Your sketch is off by {mean} on average and by {max} at most, at {x}.",
    sketchClose: "Your sketch follows it closely: off by {mean} on average, {max} at most, at {x}.",
    sketchKept: "Your earlier sketch is back.",
    quizTitle: "Quick questions",
    quizCheck: "Check",
    quizRight: "Right.",
    quizWrong: "Not yet.",
    quizNot: "Not {answer}.",
    quizPick: "Choose an answer first.",
    quizNumber: "Enter a number first.",
    quizQuestion: "Question {n} of {all}",
    quizAnswer: "Your answer",
    quizUnit: "in {unit}",
    exploreTitle: "Results to explore",
    exploreBusy: "Computing …",
    exploreFailed: "The function failed: {reason}",
    exploreUnread: "The stored pictures could not be read: {reason}",
  },
  zh: {
    play: "运行",
    pause: "暂停",
    step: "单步",
    reset: "重置",
    table: "显示为表格",
    tableHide: "隐藏表格",
    fullScreen: "全屏",
    fullScreenLeave: "退出全屏",
    copy: "复制为 CSV",
    copied: "已复制",
    copyFailed: "浏览器不允许复制。",
    readouts: "读数",
    quantity: "量",
    value: "值",
    data: "数据",
    thinned: "共 {all} 行，此处显示 {shown} 行；复制时包含全部。",
    typed: "{label}（数值）",
    errorRange: "{label}：请输入 {min} 到 {max} 之间的数。",
    errorWhole: "{label}：请输入 {min} 到 {max} 之间的整数。",
    errorStep: "{label}：请输入 {min} 到 {max} 之间的数，步长为 {step}。",
    errorStops: "{label}：本页只有这些值：{values}。",
    seed: "种子",
    seedNext: "下一个种子",
    presets: "预设",
    sketchDrawn: "你画的曲线",
    sketchHint: "在这里画出你的猜测",
    sketchHelp: "在图中画线，或用方向键移动各点。",
    sketchPoint: "你对 {x} 处的猜测",
    sketchUnset: "尚未画出",
    sketchReveal: "揭晓",
    sketchAgain: "重画",
    sketchTable: "用数值输入",
    sketchMissing: "请先画完整个宽度：{all} 个点中还缺 {count} 个。",
    sketchGap: "你画的曲线平均偏差 {mean}，最大偏差 {max}，出现在 {x} 处。",
    sketchClose: "你画得很接近：平均偏差 {mean}，最大偏差 {max}，出现在 {x} 处。",
    sketchKept: "已恢复你之前画的曲线。",
    quizTitle: "小测验",
    quizCheck: "检查",
    quizRight: "正确。",
    quizWrong: "还不对。",
    quizNot: "不是 {answer}。",
    quizPick: "请先选择一个答案。",
    quizNumber: "请先输入一个数。",
    quizQuestion: "第 {n} 题，共 {all} 题",
    quizAnswer: "你的答案",
    quizUnit: "单位：{unit}",
    exploreTitle: "可探索的结果",
    exploreBusy: "正在计算……",
    exploreFailed: "函数出错：{reason}",
    exploreUnread: "无法读取已存的图：{reason}",
  },
};

/** Every table made in this bundle, so that a test can hold the languages against each other. @type {Tables[]} */
export const allTables = [kitStrings];

/** @returns {"en" | "zh"} the language of the page */
export function language() {
  const lang = globalThis.document?.documentElement.lang ?? "";
  return lang.toLowerCase().startsWith("zh") ? "zh" : "en";
}

/**
 * A lookup over an explorable's own words first and the kit's after.
 * @param {Tables} own
 * @returns {(key: string, values?: Record<string, unknown>) => string}
 */
export function strings(own) {
  if (!allTables.includes(own)) allTables.push(own);
  return (key, values) => {
    const text = own[language()][key] ?? own.en[key] ?? kitStrings[language()][key];
    if (text === undefined) throw new Error(`strings: no text for "${key}"`);
    return fill(text, values);
  };
}

/** The kit's own words. */
export const t = strings(kitStrings);
