"""Who calls the API in order to act."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from pynmon.actions import Actor
from pynmon.pages.actions import actor_of


def _caller(request: Request) -> Actor:
    # Programs have a token; a browser that sends its cookie also has to send what only a page of ours knows.
    return actor_of(request, request.headers.get("x-form-token", ""))


CallerOf = Annotated[Actor, Depends(_caller)]
