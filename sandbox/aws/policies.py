"""Evaluates policy documents: wildcards, Deny before Allow, the condition operators that our documents use."""

import json
import re
from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any
from urllib.parse import unquote


class Verdict(Enum):
    ALLOWED = "allowed"
    DENIED = "denied"
    SILENT = "silent"


def as_list(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def parse(document: str) -> list[dict[str, Any]]:
    """Statements of a document, which IAM may hold URL-encoded."""
    text = unquote(document) if document.lstrip().startswith("%") else document
    return as_list(json.loads(text).get("Statement"))


def matches(pattern: str, value: str, ignore_case: bool = False) -> bool:
    """`*` stands for any run of characters, `?` for exactly one; everything else for itself."""
    parts = (".*" if char == "*" else "." if char == "?" else re.escape(char) for char in pattern)
    return re.fullmatch("".join(parts), value, re.DOTALL | (re.IGNORECASE if ignore_case else 0)) is not None


OPERATORS = {
    "StringEquals": lambda have, want: have == want,
    "StringLike": lambda have, want: matches(want, have),
    "ArnEquals": lambda have, want: matches(want, have),
    "ArnLike": lambda have, want: matches(want, have),
}


class UnknownOperator(Exception):
    """A condition that this emulator cannot judge."""


def conditions_hold(conditions: Mapping[str, Any] | None, context: Mapping[str, Any]) -> bool:
    """Every operator and key must hold; of several wanted values one suffices; a missing key fails.

    Raises UnknownOperator rather than guess.
    """
    keys = {key.lower(): as_list(value) for key, value in context.items()}
    for operator, wanted in (conditions or {}).items():
        compare = OPERATORS.get(operator)
        if compare is None:
            raise UnknownOperator(operator)
        for key, values in wanted.items():
            have = keys.get(key.lower(), [])
            if not any(compare(str(h), str(w)) for h in have for w in as_list(values)):
                return False
    return True


def _concerns(statement: Mapping[str, Any], element: str, value: str, ignore_case: bool) -> bool:
    negated = f"Not{element}"
    if negated in statement:
        return not any(matches(pattern, value, ignore_case) for pattern in as_list(statement[negated]))
    return any(matches(pattern, value, ignore_case) for pattern in as_list(statement.get(element)))


def _applies(statement: Mapping[str, Any], action: str, resource: str, context: Mapping[str, Any]) -> bool:
    if not _concerns(statement, "Action", action, ignore_case=True):
        return False
    if not _concerns(statement, "Resource", resource, ignore_case=False):
        return False
    try:
        return conditions_hold(statement.get("Condition"), context)
    except UnknownOperator:
        # Cannot be judged: whatever it guards is refused, so an Allow is ignored and a Deny holds.
        return statement.get("Effect") == "Deny"


def evaluate(documents: Iterator[str], action: str, resource: str, context: Mapping[str, Any]) -> Verdict:
    verdict = Verdict.SILENT
    for document in documents:
        for statement in parse(document):
            if not _applies(statement, action, resource, context):
                continue
            if statement.get("Effect") == "Deny":
                return Verdict.DENIED
            verdict = Verdict.ALLOWED
    return verdict
