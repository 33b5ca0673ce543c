/**
 * A small grammar of formulas, read into a computation graph; the mirror of `book_lib/explorables/formulas.py`.
 *
 *   statements   lines, or parts between semicolons: `name = sum` or `sum`; the last one is the output
 *   sum          products joined by + and −; all of one sum make one node
 *   product      factors joined by * and /
 *   factor       − factor, or atom, or atom ^ factor
 *   atom         a number, a name, a function of a sum in parentheses, a sum in parentheses
 *
 * A name must be defined above its use; one that is defined nowhere is an input, but for e and π (or pi), which are the
 * numbers unless a line defines them. Constants are written into the node that uses them, so that every edge of the
 * graph carries something that can change.
 *
 *   parse(text)   {nodes, output}: nodes in topological order; throws FormulaError
 *   apply(node, xs)   its value at the values of its arguments, and the local derivative in each
 *
 * @typedef {object} Node
 * @property {number} id  its place in the list
 * @property {"input" | "given" | "operation"} kind  given: a name that is a number
 * @property {string} name  "" if it has none
 * @property {string} op  "sum", "negate", "product", "quotient", "power" or a function; "" for a leaf
 * @property {number[]} args  ids
 * @property {number[]} signs  of the terms of a sum
 * @property {number | null} constant  written into the operation; the value of a given number
 * @property {boolean} first  whether the constant stands before the argument: 2/x, 2^x
 * @typedef {{nodes: Node[], output: number}} Formula
 * @typedef {{node: number} | {value: number}} Operand
 * @typedef {{type: "number" | "name" | "sign" | "end", text: string, line: number, column: number}} Token
 */

export const FUNCTIONS = ["exp", "log", "tanh", "sigmoid", "relu", "sin", "cos"];
export const MOST_NODES = 60;
export const LONGEST = 600; // letters
const LONGEST_NAME = 12;
const DEEPEST = 40; // parentheses, signs and powers inside each other

/** @type {Record<string, string>} */
const SPELLINGS = { "−": "-", "·": "*", "×": "*", "÷": "/", "**": "^" };
/** Not objects: a reader's `constructor` is a name like any other. */
const ALIASES = new Map([["ln", "log"], ["σ", "sigmoid"]]);
const CONSTANTS = new Map([["e", Math.E], ["pi", Math.PI], ["π", Math.PI]]);
/** @type {Record<string, string>} */
const POWERS = { "²": "2", "³": "3" };

/** @type {Record<string, string>} */
const MESSAGES = {
  empty: "a formula is expected, and there is none",
  long: "a formula has at most {most} letters, and this one has {found}",
  many: "a formula makes at most {most} nodes, and this one makes more",
  deep: "a formula has at most {most} levels inside each other, and this one has more",
  letter: "{found} is no part of a formula; expected are numbers, names, + − * / ^ ( ) and =",
  operand: "a number, a name or ( is expected, and {found} stands there",
  close: "an operator, such as *, or ) is expected, and {found} stands there",
  end: "an operator, such as *, or the end of the line is expected, and {found} stands there",
  paren: "( is expected after {name}, and {found} stands there",
  function: "{name} is no function; there are {known}",
  reserved: "{name} is a function and cannot be a name of your own",
  later: "{name} is used before it is defined; move its definition up",
  itself: "{name} stands in its own definition",
  twice: "{name} is defined a second time",
  name: "{name} is too long a name; {most} letters are the most",
  constant: "{found} makes no finite number here",
};

/** What is wrong with a formula, and where. */
export class FormulaError extends Error {
  /** @param {string} code @param {{line: number, column: number} | null} at @param {Record<string, string | number>} [values] */
  constructor(code, at, values = {}) {
    const text = MESSAGES[code].replace(/\{(\w+)\}/g, (_, key) => String(values[key]));
    super(at ? `line ${at.line}, place ${at.column}: ${text}` : text);
    this.name = "FormulaError";
    this.code = code;
    this.line = at?.line ?? 0;
    this.column = at?.column ?? 0;
    this.values = values;
  }
}

const FOUND = /^(?:([0-9]+\.?[0-9]*(?:[eE][-+]?[0-9]+)?|\.[0-9]+(?:[eE][-+]?[0-9]+)?)|([A-Za-zͰ-Ͽ][A-Za-zͰ-Ͽ0-9_₀-₉]*)|(\*\*|[-+*/^()=−·×÷²³])|([;\n])|([^\S\n]+))/u;

/** @param {string} text @returns {Token[]} */
export function tokenize(text) {
  /** @type {Token[]} */
  const tokens = [];
  let [line, column, rest] = [1, 1, text];
  while (rest) {
    const match = FOUND.exec(rest);
    const at = { line, column };
    if (!match) throw new FormulaError("letter", at, { found: [...rest][0] });
    const [whole, number, name, sign, end] = match;
    if (number) tokens.push({ type: "number", text: number, ...at });
    if (name) tokens.push({ type: "name", text: name, ...at });
    if (sign && POWERS[sign]) tokens.push({ type: "sign", text: "^", ...at }, { type: "number", text: POWERS[sign], ...at });
    else if (sign) tokens.push({ type: "sign", text: SPELLINGS[sign] ?? sign, ...at });
    if (end) tokens.push({ type: "end", text: end, ...at });
    rest = rest.slice(whole.length);
    column += [...whole].length;
    if (end === "\n") [line, column] = [line + 1, 1];
  }
  return [...tokens, { type: "end", text: "", line, column }];
}

/** @param {string} text @returns {Formula} @throws {FormulaError} */
export function parse(text) {
  const length = [...text].length;
  if (length > LONGEST) throw new FormulaError("long", null, { most: LONGEST, found: length });
  return new Parser(tokenize(text)).run();
}

class Parser {
  /** @param {Token[]} tokens */
  constructor(tokens) {
    this.tokens = tokens;
    this.at = 0;
    this.depth = 0;
    this.defining = ""; // the name whose line is being read
    /** @type {Node[]} */
    this.nodes = [];
    /** @type {Map<string, Operand>} */
    this.names = new Map();
    this.defined = new Set(tokens.filter((t, i) => t.type === "name" && this.isSign("=", i + 1)).map((t) => t.text));
  }

  get token() {
    return this.tokens[this.at];
  }

  /** @param {string} text @param {number} [i] */
  isSign(text, i = this.at) {
    const token = this.tokens[i];
    return token?.type === "sign" && token.text === text;
  }

  /** @param {string} text whether that sign stands here; it is then passed */
  take(text) {
    const here = this.isSign(text);
    if (here) this.at++;
    return here;
  }

  /** @param {string} code @param {Record<string, string | number>} [values] */
  fail(code, values = {}, token = this.token) {
    const found = token.type === "end" ? "the end of the line" : token.text;
    return new FormulaError(code, token, { found, ...values });
  }

  run() {
    /** @type {Operand | null} */
    let last = null;
    while (this.at < this.tokens.length) {
      if (this.token.type !== "end") last = this.statement();
      if (this.token.type !== "end") throw this.fail("end");
      this.at++;
    }
    if (!last) throw new FormulaError("empty", null);
    return { nodes: this.nodes, output: "node" in last ? last.node : this.given("", last.value) };
  }

  /** @returns {Operand} */
  statement() {
    const token = this.token;
    if (token.type !== "name" || !this.isSign("=", this.at + 1)) return this.sum();
    const name = token.text;
    if (FUNCTIONS.includes(ALIASES.get(name) ?? name)) throw this.fail("reserved", { name });
    if (this.names.has(name)) throw this.fail("twice", { name });
    if (name.length > LONGEST_NAME) throw this.fail("name", { name, most: LONGEST_NAME });
    this.at += 2;
    this.defining = name;
    let value = this.sum();
    this.defining = "";
    if ("value" in value) value = { node: this.given(name, value.value) };
    const node = this.nodes[value.node];
    if (node.kind === "operation" && !node.name) node.name = name;
    this.names.set(name, value);
    return value;
  }

  /** @returns {Operand} */
  sum() {
    const start = this.token;
    /** @type {{operand: Operand, sign: number}[]} */
    const terms = [];
    let sign = this.take("-") ? -1 : 1;
    if (sign > 0) this.take("+");
    for (;;) {
      terms.push({ operand: this.product(), sign });
      if (this.isSign("+")) sign = 1;
      else if (this.isSign("-")) sign = -1;
      else break;
      this.at++;
    }
    const moving = terms.flatMap(({ operand, sign: s }) => ("node" in operand ? [{ node: operand.node, sign: s }] : []));
    const still = terms.flatMap(({ operand, sign: s }) => ("value" in operand ? [s * operand.value] : []));
    const constant = still.reduce((a, b) => a + b, 0);
    if (!moving.length) return { value: this.finite(constant, start) };
    if (moving.length === 1 && !still.length) {
      return moving[0].sign > 0 ? { node: moving[0].node } : this.operation("negate", [{ node: moving[0].node }], start);
    }
    return { node: this.add({ kind: "operation", op: "sum", args: moving.map((t) => t.node), signs: moving.map((t) => t.sign),
      constant: still.length ? this.finite(constant, start) : null }, start) };
  }

  /** @returns {Operand} */
  product() {
    let left = this.factor();
    while (this.isSign("*") || this.isSign("/")) {
      const sign = this.token;
      this.at++;
      left = this.operation(sign.text === "*" ? "product" : "quotient", [left, this.factor()], sign);
    }
    return left;
  }

  /** @returns {Operand} */
  factor() {
    if (this.depth === DEEPEST) throw this.fail("deep", { most: DEEPEST });
    this.depth++;
    const value = this.signed();
    this.depth--;
    return value;
  }

  /** @returns {Operand} */
  signed() {
    const sign = this.token;
    if (this.take("-")) return this.operation("negate", [this.factor()], sign);
    if (this.take("+")) return this.factor();
    const base = this.atom();
    const power = this.token;
    return this.take("^") ? this.power(base, this.factor(), power) : base;
  }

  /** @param {Operand} base @param {Operand} exponent @param {Token} token @returns {Operand} */
  power(base, exponent, token) {
    if ("value" in base && base.value === Math.E && "node" in exponent) return this.operation("exp", [exponent], token);
    return this.operation("power", [base, exponent], token);
  }

  /** @returns {Operand} */
  atom() {
    const token = this.token;
    if (token.type === "number") {
      this.at++;
      return { value: this.finite(Number(token.text), token) };
    }
    if (this.take("(")) return this.closed();
    if (token.type !== "name") throw this.fail("operand");
    this.at++;
    const name = ALIASES.get(token.text) ?? token.text;
    if (FUNCTIONS.includes(name)) {
      if (!this.take("(")) throw this.fail("paren", { name: token.text });
      return this.operation(name, [this.closed()], token);
    }
    if (this.isSign("(")) throw this.fail("function", { name, known: FUNCTIONS.join(", ") }, token);
    const constant = CONSTANTS.get(name);
    if (constant !== undefined && !this.defined.has(name)) return { value: constant };
    return this.names.get(name) ?? this.input(name, token);
  }

  /** A sum and the parenthesis that closes it. */
  closed() {
    const inside = this.sum();
    if (!this.take(")")) throw this.fail("close");
    return inside;
  }

  /** @param {string} name @param {Token} token @returns {Operand} */
  input(name, token) {
    if (this.defined.has(name)) throw this.fail(name === this.defining ? "itself" : "later", { name }, token);
    if (name.length > LONGEST_NAME) throw this.fail("name", { name, most: LONGEST_NAME }, token);
    const operand = { node: this.add({ kind: "input", name }, token) };
    this.names.set(name, operand);
    return operand;
  }

  /** @param {string} name @param {number} value */
  given(name, value) {
    return this.add({ kind: "given", name, constant: value }, this.tokens[0]);
  }

  /** @param {string} op @param {Operand[]} operands @param {Token} token @returns {Operand} */
  operation(op, operands, token) {
    const args = operands.flatMap((o) => ("node" in o ? [o.node] : []));
    const still = operands.flatMap((o) => ("value" in o ? [o.value] : []));
    if (!args.length) return { value: this.finite(number(op, still), token) };
    return { node: this.add({ kind: "operation", op, args, constant: still[0] ?? null, first: still.length > 0 && "value" in operands[0] }, token) };
  }

  /** @param {Partial<Node>} node @param {Token} token @returns {number} its id */
  add(node, token) {
    if (this.nodes.length === MOST_NODES) throw this.fail("many", { most: MOST_NODES }, token);
    const id = this.nodes.length;
    this.nodes.push({ name: "", op: "", args: [], signs: [], constant: null, first: false, kind: "input", ...node, id });
    return id;
  }

  /** @param {number} value @param {Token} token */
  finite(value, token) {
    if (!Number.isFinite(value)) throw this.fail("constant", {}, token);
    return value;
  }
}

/** An operation on numbers alone; NaN where it has no value. @param {string} op @param {number[]} xs */
function number(op, [a, ...rest]) {
  const leaf = { op, constant: rest[0] ?? null, first: false, signs: [] }; // the exponent does not move: (−2)^2 is 4
  return fault(leaf, [a]) ? NaN : apply(leaf, [a]).value;
}

/** @typedef {Pick<Node, "op" | "constant" | "first" | "signs">} Rule */

/**
 * All numbers that go into an operation, its constant in place.
 * @param {Rule} node @param {number[]} xs
 */
function operands({ constant, first }, xs) {
  if (constant === null) return xs;
  return first ? [constant, ...xs] : [...xs, constant];
}

/**
 * Why an operation has no value there: "" when it has one.
 * @param {Rule} node @param {number[]} xs
 * @returns {"" | "log" | "divide" | "power" | "large"}
 */
export function fault(node, xs) {
  const [a, b] = operands(node, xs);
  if (node.op === "log" && !(a > 0)) return "log";
  if (node.op === "quotient" && b === 0) return "divide";
  if (node.op === "power" && !isPower(node, a, b)) return "power";
  const { value, slopes } = apply(node, xs);
  return [value, ...slopes].every(Number.isFinite) ? "" : "large";
}

/** Whether a^b is a real number with finite slopes. @param {Rule} node @param {number} a @param {number} b */
function isPower({ constant, first }, a, b) {
  if (constant === null || first) return a > 0; // the exponent moves: its slope is a^b ln a
  return a > 0 || (Number.isInteger(b) && (a !== 0 || b >= 0)) || (a === 0 && b >= 1);
}

/**
 * The value of a node, and its slope in each argument, in the order of `args`.
 * @param {Rule} node @param {number[]} xs  values of the arguments
 * @returns {{value: number, slopes: number[]}}
 */
export function apply(node, xs) {
  if (node.op === "sum") {
    const value = xs.reduce((total, x, i) => total + node.signs[i] * x, 0) + (node.constant ?? 0);
    return { value, slopes: [...node.signs] };
  }
  const all = operands(node, xs);
  const { value, slopes } = (RULES[node.op] ?? missing(node.op))(all[0], all[1]);
  return { value, slopes: node.constant === null ? slopes : [slopes[node.first ? 1 : 0]] };
}

/** @param {string} op @returns {never} */
function missing(op) {
  throw new RangeError(`op must be one of ${Object.keys(RULES).join(", ")} or sum, got ${op}`);
}

/** @param {number} x */
function sigmoid(x) {
  const small = Math.exp(-Math.abs(x)); // never above 1, so that nothing overflows
  return (x >= 0 ? 1 : small) / (1 + small);
}

/** @param {number} value @param {...number} slopes */
const made = (value, ...slopes) => ({ value, slopes });

/** @type {Record<string, (a: number, b: number) => {value: number, slopes: number[]}>} */
const RULES = {
  negate: (a) => made(-a, -1),
  product: (a, b) => made(a * b, b, a),
  quotient: (a, b) => made(a / b, 1 / b, -a / b / b),
  power: (a, b) => made(a ** b, b === 0 ? 0 : b * a ** (b - 1), a > 0 ? a ** b * Math.log(a) : 0),
  exp: (a) => made(Math.exp(a), Math.exp(a)),
  log: (a) => made(Math.log(a), 1 / a),
  tanh: (a) => made(Math.tanh(a), 1 - Math.tanh(a) ** 2),
  sigmoid: (a) => made(sigmoid(a), sigmoid(a) * (1 - sigmoid(a))),
  relu: (a) => made(a > 0 ? a : 0, a > 0 ? 1 : 0),
  sin: (a) => made(Math.sin(a), Math.cos(a)),
  cos: (a) => made(Math.cos(a), -Math.sin(a)),
};
