// Words that the parameter calculator and the tour share, in both languages.

export const transformerWords = {
  en: {
    preset: "Model", toy: "A toy", page: "This page's model", small: "GPT-2 small", xl: "GPT-2 XL", gpt3: "GPT-3",
  },
  zh: {
    preset: "模型", toy: "玩具", page: "本页的模型", small: "GPT-2 small", xl: "GPT-2 XL", gpt3: "GPT-3",
  },
};

/** 124,439,808; beyond what a double counts exactly, a rounded number that says so. @param {number} n */
export const grouped = (n) => (n > Number.MAX_SAFE_INTEGER ? `≈ ${n.toPrecision(4)}` : String(n).replace(/\B(?=(\d{3})+$)/g, ","));
