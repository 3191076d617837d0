"""Intents and plans to JSON and back. Strict: a wrong type, version, field or value is refused, never guessed."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum, StrEnum
from typing import Any, TypeVar

from cattrs import ClassValidationError, Converter, transform_error
from cattrs.errors import BaseValidationError

from provisioning.steps import SecretRef

VERSION = 1
T = TypeVar("T")


class Unreadable(ValueError):
    """Stored data that this version of the panel cannot read."""


def dump(obj: object) -> dict[str, Any]:
    """Give plain JSON values with the name of the type and the version of the format."""
    return {"type": type(obj).__name__, "version": VERSION, **_CONVERTER.unstructure(obj)}


def load(cls: type[T], data: Mapping[str, Any]) -> T:
    body = dict(data)
    kind, version = body.pop("type", None), body.pop("version", None)
    if kind != cls.__name__:
        raise Unreadable(f"Expected {cls.__name__}, found {kind}.")
    if version != VERSION:
        raise Unreadable(f"{kind} is stored in format {version}; this panel reads format {VERSION}.")
    try:
        return _CONVERTER.structure(body, cls)
    except (BaseValidationError, ClassValidationError, ValueError, TypeError, KeyError) as error:
        raise Unreadable(f"{kind}: {'; '.join(transform_error(error))}") from error


def _exactly(kind: type) -> Any:
    """Take a value only if it has the type already: "7" is no number and true is not one."""

    def take(value: object, _: object) -> object:
        if type(value) is not kind:
            raise ValueError(f"{value!r} is not {kind.__name__}")
        return value

    return take


def _float(value: object, _: object) -> float:
    if type(value) not in (int, float):
        raise ValueError(f"{value!r} is not a number")
    return float(value)  # type: ignore[arg-type]


def _piece(value: object, _: object) -> str | SecretRef:
    """A piece of a `Text`: literal text is a string, a secret is {"secret": name}."""
    match value:
        case str():
            return value
        case {"secret": str(name), **rest} if not rest:
            return SecretRef(name)
    raise ValueError(f"{value!r} is neither text nor a secret")


def _converter() -> Converter:
    converter = Converter(forbid_extra_keys=True, unstruct_collection_overrides={tuple: list})
    for kind in (str, int, bool):
        converter.register_structure_hook(kind, _exactly(kind))
    converter.register_structure_hook(float, _float)
    for enum in (StrEnum, IntEnum):  # else the hooks of str and int would take them, and leave plain values
        converter.register_structure_hook(enum, lambda value, kind: kind(value))
    converter.register_structure_hook_func(lambda annotation: annotation == str | SecretRef, _piece)
    converter.register_unstructure_hook(SecretRef, lambda secret: {"secret": secret.name})
    converter.register_unstructure_hook_func(
        lambda annotation: annotation == str | SecretRef,
        lambda piece: {"secret": piece.name} if isinstance(piece, SecretRef) else piece,
    )
    return converter


_CONVERTER = _converter()
