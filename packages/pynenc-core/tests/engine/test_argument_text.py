"""What is shown of arguments."""

from __future__ import annotations

import pytest

from pynenc.conf.config_pynenc import ConfigPynenc
from pynenc.engine.argument_text import logged_arguments, masked, preview_of

TEXTS = {"name": '"abcdefgh"', "count": "12345"}


def logged(mode: str | None, length: int = 4) -> str:
    values = {"print_arguments": True, "argument_print_mode": mode, "truncate_arguments_length": length}
    return logged_arguments(TEXTS, ConfigPynenc(values if mode else None))


@pytest.mark.parametrize(
    ("mode", "text"),
    [
        (None, ""),
        ("hidden", ""),
        ("keys", " with name, count"),
        ("truncated", ' with name="abc…, count=1234…'),
        ("full", ' with name="abcdefgh", count=12345'),
    ],
)
def test_settings_say_how_much_is_logged(mode: str | None, text: str) -> None:
    assert logged(mode) == text


def test_no_arguments_are_said_to_be_none() -> None:
    assert logged_arguments({}, ConfigPynenc({"print_arguments": True})) == " without arguments"


@pytest.mark.parametrize(
    "name", ["password", "db_passwd", "apiKey", "API_KEY", "client_secret", "auth", "token"]
)
def test_what_sounds_secret_is_masked_by_name_and_by_key(name: str) -> None:
    assert masked('"canary"', name) == "***"
    assert masked(f'{{"host":"x","{name}":"canary"}}') == "***"
    assert masked(f'[{{"deep":{{"{name}" : {{"x":"canary"}}}}}}]') == "***"


def test_other_values_are_not_masked() -> None:
    assert masked('{"host":"x"}', "options") == '{"host":"x"}'
    assert masked('"my password is a word"', "text") == '"my password is a word"'


def test_a_preview_is_short_and_masked() -> None:
    texts = {"password": '"canary"', "options": '{"token":"canary"}', "text": '"' + "x" * 500}
    preview = preview_of(texts)
    assert preview == 'password=***, options=***, text="' + "x" * 59
    assert len(preview_of({f"n{number}": "x" * 60 for number in range(9)})) == 200
