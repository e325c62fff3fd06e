"""A call by hand, of a task whose code this process has loaded anyway."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from pynenc.values.ids import InvocationId
from pynmon.actions import ENQUEUE_IS_OFF, UnfitArgumentsError
from pynmon.pages.actions import NEW_ID, SenderOf
from pynmon.pages.context import ActionsOf, SourceOf, ViewsOf
from pynmon.source import Source
from pynmon.views import Views

router = APIRouter()
#: Characters of arguments.
MOST_TEXT = 64_000


@router.get("/enqueue", name="enqueue")
def show(
    request: Request, source: SourceOf, views: ViewsOf, actions: ActionsOf, task: str = ""
) -> HTMLResponse:
    """The form."""
    return _page(request, source, views, task=task, new_id=actions.reserve_id())


@router.post("/enqueue", name="enqueue_call")
def call(  # noqa: PLR0913, PLR0917 - one for each that the form has
    request: Request,
    source: SourceOf,
    views: ViewsOf,
    actions: ActionsOf,
    sender: SenderOf,
    task: Annotated[str, Form(max_length=500)],
    new_id: Annotated[str, Form(pattern=NEW_ID)],
    arguments: Annotated[str, Form(max_length=MOST_TEXT)] = "{}",
) -> Response:
    """To the new invocation; back to the form when the arguments do not fit."""
    try:
        made = actions.enqueue(sender, task, arguments, InvocationId(new_id))
    except UnfitArgumentsError as error:
        return _page(
            request, source, views, task=task, new_id=new_id, arguments=arguments, problem=str(error)
        )
    return RedirectResponse(str(request.url_for("invocation", invocation_id=made).path), 303)


def _page(  # noqa: PLR0913 - what the form shows again
    request: Request,
    source: Source,
    views: Views,
    *,
    task: str,
    new_id: str,
    arguments: str = "{}",
    problem: str = "",
) -> HTMLResponse:
    tasks = {key: str(one.signature) for key, one in sorted(source.app.engine.registry.tasks.items())}
    return views.page(
        request,
        "enqueue.html",
        status_code=422 if problem else 200,
        tasks=tasks,
        why_not="" if source.settings.allow_enqueue else ENQUEUE_IS_OFF,
        task=task,
        new_id=new_id,
        arguments=arguments,
        problem=problem,
        most_text=MOST_TEXT,
    )
