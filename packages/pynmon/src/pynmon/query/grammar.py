"""Text → terms: what is written, before anybody asks what it means.

::

    query := term*                                all of them
    term  := [-] name ":" value ("," value)* | [-] value | [-] "(" query ("OR" query)* ")"
    value := word | '"' anything '"'
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

MOST_BYTES, MOST_TERMS, MOST_DEPTH = 2048, 20, 3
_VALUE = r'"(?:[^"\\]|\\.)*"|[^\s(),"]+'
_TOKEN = re.compile(
    rf"""\s*(?:
        (?P<open>-?\() | (?P<close>\))
      | (?P<minus>-?)(?:(?P<name>[A-Za-z_]+(?:\.\w+)?):)?(?P<values>(?:{_VALUE})(?:,(?:{_VALUE}))*)
      | (?P<end>\Z) | (?P<wrong>\S)
    )""",
    re.VERBOSE,
)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


class QueryError(Exception):
    """A query says nothing that can be looked for.

    Args:
        message: What is wrong, and what to write.
        at: Where in the text the wrong part begins.
        end: Where it ends.
    """

    def __init__(self, message: str, at: int = 0, end: int = 0) -> None:
        super().__init__(message)
        self.at = at
        self.end = end


@dataclass(frozen=True, slots=True)
class Value:
    """One of the values of a term."""

    text: str
    #: In quotes: no character of it means anything else.
    is_literal: bool = False

    @property
    def pieces(self) -> tuple[str, ...]:
        """What stands between the stars."""
        return (self.text,) if self.is_literal else tuple(self.text.split("*"))


@dataclass(frozen=True, slots=True)
class Term:
    """One condition, or a word to look for."""

    #: Empty of a word.
    name: str
    values: tuple[Value, ...]
    negated: bool = False
    #: Where it stands in the text.
    at: int = field(default=0, compare=False)
    end: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Group:
    """Several queries of which one has to hold."""

    branches: tuple[tuple[Node, ...], ...]
    negated: bool = False
    at: int = field(default=0, compare=False)
    end: int = field(default=0, compare=False)


Node = Term | Group


def parse(text: str) -> tuple[Node, ...]:
    """What the text is made of.

    Raises:
        QueryError: a parenthesis or a quote is left open, or it is too much.
    """
    if len(text.encode("utf-8", "surrogatepass")) > MOST_BYTES:
        raise QueryError(f"a query has at most {MOST_BYTES} bytes", 0, len(text))
    return _Parser(text).parse()


def text_of(nodes: Sequence[Node]) -> str:
    """A text that is made of this."""
    return " ".join(map(_text_of_node, nodes))


class _Parser:
    """Reads one text from its beginning to its end."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = self._read()
        self._terms = 0

    def _read(self) -> Iterator[re.Match[str]]:
        at = 0
        while (found := _TOKEN.match(self._text, at)) is not None:
            at = found.end()
            yield found

    def parse(self) -> tuple[Node, ...]:
        nodes: list[Node] = []
        for token in self._tokens:
            if token["end"] is not None:
                break
            if token["close"]:
                raise _wrong(token, "this parenthesis closes nothing: remove it, or put it in quotes")
            if token["values"] == "OR" and not token["minus"] and token["name"] is None:
                raise _wrong(token, "OR stands between parentheses: (status:failed OR is:stuck)")
            nodes.append(self._node(token, 1))
        return tuple(nodes)

    def _node(self, token: re.Match[str], depth: int) -> Node:
        if token["wrong"]:
            raise _wrong(token, _about_wrong(token["wrong"]))
        if token["open"]:
            return self._group(token, depth)
        self._terms += 1
        if self._terms > MOST_TERMS:
            raise _wrong(token, f"a query has at most {MOST_TERMS} terms")
        if token["name"] is None and token["values"].endswith(":"):
            raise _wrong(token, f"nothing stands behind {token['values']} (without a space between them)")
        values = tuple(_value(part) for part in re.findall(_VALUE, token["values"]))
        return Term(
            (token["name"] or "").lower(), values, bool(token["minus"]), token.start("minus"), token.end()
        )

    def _group(self, opened: re.Match[str], depth: int) -> Group:
        if depth > MOST_DEPTH:
            raise _wrong(opened, f"parentheses stand in each other at most {MOST_DEPTH} deep")
        branches: list[list[Node]] = [[]]
        for token in self._tokens:
            if token["end"] is not None:
                break
            if token["close"]:
                if not all(branches):
                    raise QueryError(
                        "nothing stands on one side: write (a OR b)", opened.start("open"), token.end()
                    )
                negated = opened["open"].startswith("-")
                return Group(tuple(map(tuple, branches)), negated, opened.start("open"), token.end())
            if token["values"] == "OR" and not token["minus"] and token["name"] is None:
                branches.append([])
            else:
                branches[-1].append(self._node(token, depth + 1))
        raise _wrong(opened, "this parenthesis is not closed: close it, or put it in quotes")


def _wrong(token: re.Match[str], message: str) -> QueryError:
    at = token.start() + len(token.group()) - len(token.group().lstrip())
    return QueryError(message, at, max(at + 1, token.end()))


def _about_wrong(character: str) -> str:
    if character == '"':
        return 'this quote is not closed: close it, or write \\" inside of quotes'
    return f"nothing can begin with {character!r}: put it in quotes"


def _value(text: str) -> Value:
    if text.startswith('"'):
        return Value(_ESCAPED.sub(r"\1", text[1:-1]), is_literal=True)
    return Value(text)


def _text_of_node(node: Node) -> str:
    minus = "-" if node.negated else ""
    if isinstance(node, Group):
        return f"{minus}({' OR '.join(map(text_of, node.branches))})"
    name = f"{node.name}:" if node.name else ""
    return minus + name + ",".join(map(_text_of_value, node.values))


def _text_of_value(value: Value) -> str:
    if not value.is_literal:
        return value.text
    escaped = value.text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
