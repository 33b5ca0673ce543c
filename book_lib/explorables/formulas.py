"""A small grammar of formulas, read into a computation graph of `book_lib.autograd`; mirrored in `core/formula.js`.

    statements   lines, or parts between semicolons: `name = sum` or `sum`; the last one is the output
    sum          products joined by + and −; all of one sum make one node
    product      factors joined by * and /
    factor       − factor, or atom, or atom ^ factor
    atom         a number, a name, a function of a sum in parentheses, a sum in parentheses

A name must be defined above its use; one that is defined nowhere is an input, but for e and π (or pi), which are the
numbers unless a line defines them. Constants are written into the node that uses them, so that every edge of the graph
carries something that can change.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

FUNCTIONS = ("exp", "log", "tanh", "sigmoid", "relu", "sin", "cos")
MOST_NODES = 60
LONGEST = 600  # letters
LONGEST_NAME = 12
DEEPEST = 40  # parentheses, signs and powers inside each other: a parser that recurses must stop before Python does
SPELLINGS = {"−": "-", "·": "*", "×": "*", "÷": "/", "**": "^"}
ALIASES = {"ln": "log", "σ": "sigmoid"}
CONSTANTS = {"e": math.e, "pi": math.pi, "π": math.pi}
POWERS = {"²": "2", "³": "3"}
MESSAGES = {
    "empty": "a formula is expected, and there is none",
    "long": "a formula has at most {most} letters, and this one has {found}",
    "many": "a formula makes at most {most} nodes, and this one makes more",
    "deep": "a formula has at most {most} levels inside each other, and this one has more",
    "letter": "{found} is no part of a formula; expected are numbers, names, + − * / ^ ( ) and =",
    "operand": "a number, a name or ( is expected, and {found} stands there",
    "close": "an operator, such as *, or ) is expected, and {found} stands there",
    "end": "an operator, such as *, or the end of the line is expected, and {found} stands there",
    "paren": "( is expected after {name}, and {found} stands there",
    "function": "{name} is no function; there are {known}",
    "reserved": "{name} is a function and cannot be a name of your own",
    "later": "{name} is used before it is defined; move its definition up",
    "itself": "{name} stands in its own definition",
    "twice": "{name} is defined a second time",
    "name": "{name} is too long a name; {most} letters are the most",
    "constant": "{found} makes no finite number here",
}
FAULTS = {
    "log": "log needs a number greater than 0",
    "divide": "the divisor must not be 0",
    "power": "this power has no real value with finite slopes",
    "large": "the value or a slope is too large for a float",
}


class Token(NamedTuple):
    """A piece of a formula and where it stands: type is "number", "name", "sign" or "end"."""

    type: str
    text: str
    line: int
    column: int


class FormulaError(ValueError):
    """What is wrong with a formula, and where: `code` is a key of `MESSAGES`."""

    def __init__(self, code: str, at: Token | None, **values: object) -> None:
        text = MESSAGES[code].format(**values)
        super().__init__(f"line {at.line}, place {at.column}: {text}" if at else text)
        self.code, self.line, self.column = code, at.line if at else 0, at.column if at else 0


@dataclass(frozen=True)
class Node:
    """One number of a computation.

    Args:
        kind: "input", "given" (a name that is a number) or "operation".
        name: "" if it has none.
        op: "sum", "negate", "product", "quotient", "power" or a function; "" for a leaf.
        args: ids of its arguments.
        signs: ±1 for each term of a sum.
        constant: written into the operation; the value of a given number.
        first: whether the constant stands before the argument: 2/x, 2^x.
    """

    kind: str = "input"
    name: str = ""
    op: str = ""
    args: tuple[int, ...] = ()
    signs: tuple[int, ...] = ()
    constant: float | None = None
    first: bool = False


@dataclass(frozen=True)
class Formula:
    """Nodes in topological order, and which of them is the output."""

    nodes: tuple[Node, ...] = field(repr=False)
    output: int

    @property
    def inputs(self) -> list[str]:
        """Names of the inputs, in the order of the formula."""
        return [node.name for node in self.nodes if node.kind == "input"]


Operand = int | float  # subtle: the id of a node is an int, a constant always a float

FOUND = re.compile(
    r"([0-9]+\.?[0-9]*(?:[eE][-+]?[0-9]+)?|\.[0-9]+(?:[eE][-+]?[0-9]+)?)"
    r"|([A-Za-zͰ-Ͽ][A-Za-zͰ-Ͽ0-9_₀-₉]*)|(\*\*|[-+*/^()=−·×÷²³])|([;\n])|([^\S\n]+)"
)


def tokenize(text: str) -> list[Token]:
    """The pieces of a formula; the last one is of type "end"."""
    tokens, line, column, at = [], 1, 1, 0
    while at < len(text):
        match = FOUND.match(text, at)
        if not match:
            raise FormulaError("letter", Token("sign", text[at], line, column), found=text[at])
        whole = match.group()
        kind = ("number", "name", "sign", "end", "")[match.lastindex - 1]
        if whole in POWERS:
            tokens += [Token("sign", "^", line, column), Token("number", POWERS[whole], line, column)]
        elif kind:
            tokens.append(Token(kind, SPELLINGS.get(whole, whole), line, column))
        at, column = match.end(), column + len(whole)
        if whole == "\n":
            line, column = line + 1, 1
    return [*tokens, Token("end", "", line, column)]


def parse(text: str) -> Formula:
    """Read a formula.

    Raises:
        FormulaError: (a ValueError) that says where and what was expected.

    >>> parse("y = w*x + c; y^2").inputs
    ['w', 'x', 'c']
    """
    if len(text) > LONGEST:
        raise FormulaError("long", None, most=LONGEST, found=len(text))
    return _Parser(tokenize(text)).run()


class _Parser:
    """Recursive descent: one method for each rule of the grammar."""

    def __init__(self, tokens: list[Token]) -> None:
        self.tokens, self.at, self.depth = tokens, 0, 0
        self.defining = ""  # the name whose line is being read
        self.nodes: list[Node] = []
        self.names: dict[str, Operand] = {}
        self.defined = {t.text for i, t in enumerate(tokens) if t.type == "name" and self.is_sign("=", i + 1)}

    @property
    def token(self) -> Token:
        return self.tokens[self.at]

    def is_sign(self, text: str, at: int | None = None) -> bool:
        at = self.at if at is None else at
        return at < len(self.tokens) and self.tokens[at][:2] == ("sign", text)

    def take(self, text: str) -> bool:
        """Whether that sign stands here; it is then passed."""
        here = self.is_sign(text)
        self.at += here
        return here

    def fail(self, code: str, token: Token | None = None, **values: object) -> FormulaError:
        token = token or self.token
        found = "the end of the line" if token.type == "end" else token.text
        return FormulaError(code, token, **({"found": found} | values))

    def run(self) -> Formula:
        last: Operand | None = None
        while self.at < len(self.tokens):
            if self.token.type != "end":
                last = self.statement()
            if self.token.type != "end":
                raise self.fail("end")
            self.at += 1
        if last is None:
            raise FormulaError("empty", None)
        output = last if isinstance(last, int) else self.add(Node("given", constant=last), self.tokens[0])
        return Formula(tuple(self.nodes), output)

    def statement(self) -> Operand:
        if self.token.type != "name" or not self.is_sign("=", self.at + 1):
            return self.sum()
        name = self.token.text
        if ALIASES.get(name, name) in FUNCTIONS:
            raise self.fail("reserved", name=name)
        if name in self.names:
            raise self.fail("twice", name=name)
        if len(name) > LONGEST_NAME:
            raise self.fail("name", name=name, most=LONGEST_NAME)
        self.at += 2
        self.defining = name
        value = self.sum()
        self.defining = ""
        if isinstance(value, float):
            value = self.add(Node("given", name, constant=value), self.token)
        if self.nodes[value].kind == "operation" and not self.nodes[value].name:
            self.nodes[value] = replace(self.nodes[value], name=name)
        self.names[name] = value
        return value

    def sum(self) -> Operand:
        start, terms = self.token, []
        sign = -1 if self.take("-") else 1
        if sign > 0:
            self.take("+")
        while True:
            terms.append((self.product(), sign))
            if not (self.is_sign("+") or self.is_sign("-")):
                break
            sign = 1 if self.token.text == "+" else -1
            self.at += 1
        moving = [(node, s) for node, s in terms if isinstance(node, int)]
        still = [s * value for value, s in terms if isinstance(value, float)]
        constant = sum(still, 0.0)
        if not moving:
            return self.finite(constant, start)
        if len(moving) == 1 and not still:
            return moving[0][0] if moving[0][1] > 0 else self.operation("negate", [moving[0][0]], start)
        args, signs = zip(*moving, strict=True)
        offset = self.finite(constant, start) if still else None
        return self.add(Node("operation", op="sum", args=args, signs=signs, constant=offset), start)

    def product(self) -> Operand:
        left = self.factor()
        while self.is_sign("*") or self.is_sign("/"):
            sign = self.token
            self.at += 1
            left = self.operation("product" if sign.text == "*" else "quotient", [left, self.factor()], sign)
        return left

    def factor(self) -> Operand:
        if self.depth == DEEPEST:
            raise self.fail("deep", most=DEEPEST)
        self.depth += 1
        value = self.signed()
        self.depth -= 1
        return value

    def signed(self) -> Operand:
        sign = self.token
        if self.take("-"):
            return self.operation("negate", [self.factor()], sign)
        if self.take("+"):
            return self.factor()
        base, power = self.atom(), self.token
        return self.power(base, self.factor(), power) if self.take("^") else base

    def power(self, base: Operand, exponent: Operand, token: Token) -> Operand:
        if base == math.e and isinstance(base, float) and isinstance(exponent, int):
            return self.operation("exp", [exponent], token)
        return self.operation("power", [base, exponent], token)

    def atom(self) -> Operand:
        token = self.token
        if token.type == "number":
            self.at += 1
            return self.finite(float(token.text), token)
        if self.take("("):
            return self.closed()
        if token.type != "name":
            raise self.fail("operand")
        self.at += 1
        name = ALIASES.get(token.text, token.text)
        if name in FUNCTIONS:
            if not self.take("("):
                raise self.fail("paren", name=token.text)
            return self.operation(name, [self.closed()], token)
        if self.is_sign("("):
            raise self.fail("function", token, name=name, known=", ".join(FUNCTIONS))
        if name in CONSTANTS and name not in self.defined:
            return CONSTANTS[name]
        return self.names[name] if name in self.names else self.input(name, token)

    def closed(self) -> Operand:
        """A sum and the parenthesis that closes it."""
        inside = self.sum()
        if not self.take(")"):
            raise self.fail("close")
        return inside

    def input(self, name: str, token: Token) -> int:
        if name in self.defined:
            raise self.fail("itself" if name == self.defining else "later", token, name=name)
        if len(name) > LONGEST_NAME:
            raise self.fail("name", token, name=name, most=LONGEST_NAME)
        self.names[name] = self.add(Node("input", name), token)
        return self.names[name]

    def operation(self, op: str, operands: list[Operand], token: Token) -> Operand:
        args = tuple(one for one in operands if isinstance(one, int))
        still = [one for one in operands if isinstance(one, float)]
        if not args:
            rule = Node("operation", op=op, constant=still[1] if len(still) > 1 else None)  # (−2)^2 is 4
            return self.finite(math.nan if fault(rule, still[:1]) else apply(rule, still[:1])[0], token)
        constant, first = (still or [None])[0], bool(still) and isinstance(operands[0], float)
        return self.add(Node("operation", op=op, args=args, constant=constant, first=first), token)

    def add(self, node: Node, token: Token) -> int:
        if len(self.nodes) == MOST_NODES:
            raise self.fail("many", token, most=MOST_NODES)
        self.nodes.append(node)
        return len(self.nodes) - 1

    def finite(self, value: float, token: Token) -> float:
        if not math.isfinite(value):
            raise self.fail("constant", token)
        return value


def _operands(node: Node, xs: list[float]) -> list[float]:
    """All numbers that go into an operation, its constant in place."""
    if node.constant is None:
        return list(xs)
    return [node.constant, *xs] if node.first else [*xs, node.constant]


def fault(node: Node, xs: list[float]) -> str:
    """Why an operation has no value there, a key of `FAULTS`; "" when it has one."""
    numbers = _operands(node, xs)
    if node.op == "log" and not numbers[0] > 0:
        return "log"
    if node.op == "quotient" and numbers[1] == 0:
        return "divide"
    if node.op == "power" and not _is_power(node, *numbers):
        return "power"
    try:
        value, slopes = apply(node, xs)
    except OverflowError:
        return "large"
    return "" if all(map(math.isfinite, [value, *slopes])) else "large"


def _is_power(node: Node, a: float, b: float) -> bool:
    """Whether a^b is a real number with finite slopes."""
    if node.constant is None or node.first:
        return a > 0  # the exponent moves: its slope is a^b ln a
    return a > 0 or (float(b).is_integer() and (a != 0 or b >= 0)) or (a == 0 and b >= 1)


def apply(node: Node, xs: list[float]) -> tuple[float, list[float]]:
    """The value of a node, and its slope in each argument.

    Raises:
        OverflowError: the value is too large for a float.
    """
    if node.op == "sum":
        total = sum(sign * x for sign, x in zip(node.signs, xs, strict=True)) + (node.constant or 0.0)
        return total, [float(sign) for sign in node.signs]
    value, *slopes = RULES[node.op](*_operands(node, xs))
    return value, slopes if node.constant is None else [slopes[1 if node.first else 0]]


def _power(a: float, b: float) -> tuple[float, float, float]:
    value = a**b
    return value, b * a ** (b - 1) if b else 0.0, value * math.log(a) if a > 0 else 0.0


def _sigmoid(a: float) -> tuple[float, float]:
    small = math.exp(-abs(a))  # never above 1, so that nothing overflows
    y = (1.0 if a >= 0 else small) / (1.0 + small)
    return y, y * (1.0 - y)


RULES: Mapping[str, Callable[..., tuple[float, ...]]] = {
    "negate": lambda a: (-a, -1.0),
    "product": lambda a, b: (a * b, b, a),
    "quotient": lambda a, b: (a / b, 1.0 / b, -a / b / b),
    "power": _power,
    "exp": lambda a: (math.exp(a), math.exp(a)),
    "log": lambda a: (math.log(a), 1.0 / a),
    "tanh": lambda a: (math.tanh(a), 1.0 - math.tanh(a) ** 2),
    "sigmoid": _sigmoid,
    "relu": lambda a: (a if a > 0 else 0.0, 1.0 if a > 0 else 0.0),
    "sin": lambda a: (math.sin(a), math.cos(a)),
    "cos": lambda a: (math.cos(a), -math.sin(a)),
}
