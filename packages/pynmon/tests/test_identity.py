from __future__ import annotations

import pytest

from pynenc.exceptions import ConfigError
from pynmon.identity import AccessToken, Identity, Role, owner_of, tokens_of
from pynmon.sessions import Attempts, Rates, Sessions
from pynmon.settings import MonitorSettings

SECRET = "0123456789abcdefghijkl"


class Clock:
    time = 0.0

    def __call__(self) -> float:
        return self.time


def test_a_token_is_known_by_its_secret_alone() -> None:
    tokens = tokens_of(["# people", "", f"viewer bob {SECRET}", f"admin  eve\t{SECRET[::-1]}"], "file")
    assert [(one.role, one.name) for one in tokens] == [(Role.VIEWER, "bob"), (Role.ADMIN, "eve")]
    assert owner_of(tokens, SECRET) == tokens[0]
    assert owner_of(tokens, SECRET[::-1]) == tokens[1]
    for wrong in ("", SECRET[:-1], SECRET + "m", SECRET.upper(), "bob", "\ud800"):
        assert owner_of(tokens, wrong) is None


def test_a_secret_is_not_kept() -> None:
    settings = MonitorSettings(tokens=(AccessToken.of(Role.ADMIN, "eve", SECRET),))
    assert SECRET not in repr(settings)


def test_a_mistake_does_not_show_what_may_be_a_secret() -> None:
    with pytest.raises(ConfigError) as error:
        tokens_of([f"viewer {SECRET} bob"], "file")
    assert "file, line 1" in str(error.value)
    assert SECRET not in str(error.value)


def test_a_form_carries_nothing_that_two_pages_have_in_common() -> None:
    key = bytes(range(32))
    identity = Identity("eve", Role.ADMIN, key)
    tokens = [identity.form_token for _ in range(50)]
    assert all(identity.sent(token) for token in tokens)
    for at in range(len(tokens[0])):
        assert len({token[at] for token in tokens}) > 1
    assert not [token for token in tokens if key.hex() in token]


def test_a_form_of_somebody_else_is_none_of_theirs() -> None:
    identity = Identity("eve", Role.ADMIN, bytes(range(32)))
    token, other = identity.form_token, Identity("eve", Role.ADMIN, bytes(32)).form_token
    for wrong in (
        "",
        other,
        token[:-1],
        token[:-2],
        token[2:],
        token + "00",
        token[::-1],
        "\u00e9",
        "\ud800",
    ):
        assert not identity.sent(wrong)
    # No browser sends anything in the name of a program that has a token.
    assert Identity("eve", Role.ADMIN).sent("")
    assert not Identity("eve", Role.ADMIN).form_token


def test_a_session_ends_after_half_a_day_without_a_request() -> None:
    clock = Clock()
    sessions = Sessions(clock)
    token = AccessToken.of(Role.VIEWER, "bob", SECRET)
    session_id = sessions.open(token)
    assert len(session_id) >= 43
    for _ in range(3):
        clock.time += 12 * 3600
        assert sessions.find(session_id) == token
    clock.time += 12 * 3600 + 1
    assert sessions.find(session_id) is None
    clock.time -= 12 * 3600
    assert sessions.find(session_id) is None


def test_a_closed_session_is_none() -> None:
    sessions = Sessions()
    session_id = sessions.open(AccessToken.of(Role.VIEWER, "bob", SECRET))
    sessions.close(session_id)
    assert sessions.find(session_id) is None
    assert sessions.find("") is None


def test_sessions_do_not_grow_without_end() -> None:
    sessions = Sessions()
    token = AccessToken.of(Role.VIEWER, "bob", SECRET)
    ids = [sessions.open(token) for _ in range(1_001)]
    assert sessions.find(ids[0]) is None
    assert sessions.find(ids[1]) == token


def test_an_address_waits_after_too_many_wrong_tokens() -> None:
    clock = Clock()
    attempts = Attempts(clock)
    for _ in range(Attempts.MOST):
        assert attempts.is_allowed("a")
        attempts.note_failure("a")
        clock.time += 1
    assert not attempts.is_allowed("a")
    assert attempts.is_allowed("b")
    clock.time += Attempts.SECONDS
    assert attempts.is_allowed("a")


def test_who_asks_too_often_waits_until_something_is_saved_up_again() -> None:
    clock = Clock()
    rates = Rates(2.0, clock)
    assert [rates.take("a") for _ in range(21)] == [True] * 20 + [False]
    assert rates.take("b")
    clock.time += 1
    assert [rates.take("a") for _ in range(3)] == [True, True, False]
    clock.time += 1000
    assert [rates.take("a") for _ in range(21)] == [True] * 20 + [False]
    assert all(Rates(0.0, clock).take("a") for _ in range(1000))


def test_nobody_is_trusted_by_mistake() -> None:
    with pytest.raises(ConfigError, match="who acts"):
        MonitorSettings(read_only=False)
    with pytest.raises(ConfigError, match="trusted_proxies"):
        MonitorSettings(trusted_header="X-User")
