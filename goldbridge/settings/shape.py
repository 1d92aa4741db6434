"""What a pydantic model says about a place in a document: which types may stand there and which keys."""

from __future__ import annotations

import types
from collections.abc import Iterable
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, SecretBytes, SecretStr


def _branches(annotation: Any) -> list[Any]:
    """An annotation without Annotated and Optional wrappers, a union as its branches."""
    if get_origin(annotation) is Annotated:
        return _branches(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        return [branch for part in get_args(annotation) for branch in _branches(part)]
    return [annotation]


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def step_into(annotations: list[Any], step: str | int) -> list[Any]:
    """The annotations one step further down; a step that is the name of a union branch narrows instead."""
    following: list[Any] = []
    for annotation in annotations:
        if _is_model(annotation):
            for name, info in annotation.model_fields.items():
                if step in (name, info.alias):
                    following += _branches(info.annotation)
        else:
            arguments = [argument for argument in get_args(annotation) if argument is not Ellipsis]
            if arguments:
                following += _branches(arguments[-1])
    if following:
        return following
    named = [annotation for annotation in annotations if getattr(annotation, "__name__", "") == step]
    return named or annotations


def types_at(model: type[BaseModel], location: Iterable[str | int]) -> list[Any]:
    annotations: list[Any] = [model]
    for step in location:
        annotations = step_into(annotations, step)
    return annotations


def keys_at(model: type[BaseModel], location: Iterable[str | int]) -> list[str]:
    """The keys a mapping at this place may have."""
    return [
        info.alias or name
        for annotation in types_at(model, location)
        if _is_model(annotation)
        for name, info in annotation.model_fields.items()
    ]


def is_secret(annotations: Iterable[Any]) -> bool:
    return any(annotation in (SecretStr, SecretBytes) for annotation in annotations)
