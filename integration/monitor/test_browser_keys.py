"""Keys lead everywhere."""

from __future__ import annotations

from .conftest import Watched, for_everybody


def test_keys_lead_through_the_pages(watched: Watched) -> None:
    page = watched.open("/")
    page.keyboard.press("g")
    page.keyboard.press("k")
    page.wait_for_url("**/tasks")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "find"
    page.keyboard.type("gi")
    assert page.url.endswith("/tasks")


def test_every_page_has_a_key_and_the_query_of_a_list_has_one(watched: Watched) -> None:
    page = watched.open("/")
    for key, path in (
        *(("i", "invocations"), ("t", "timeline"), ("w", "workflows"), ("r", "runners"), ("l", "logs")),
        *(("f", "failures"), ("s", "schedules"), ("q", "queues"), ("y", "system"), ("d", "")),
    ):
        page.wait_for_load_state()
        page.keyboard.press("g")
        page.keyboard.press(key)
        page.wait_for_url(f"{watched.address}/{path}")
    page = watched.open("/invocations")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.name") == "q"
    page.keyboard.press("Escape")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("T")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    with page.expect_response("**/invocations"):
        page.keyboard.press("r")


def test_single_keys_are_switched_off(watched: Watched) -> None:
    page = watched.open("/tasks")
    page.get_by_role("button", name="Keys").click()
    assert page.get_by_text("light or dark").is_visible()
    page.uncheck("#single-keys")
    page.get_by_role("button", name="Close", exact=True).last.click()
    page = watched.open("/tasks")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") != "find"
    page.keyboard.press("Control+k")
    assert page.get_by_role("dialog").is_visible()
    page = watched.open("/timeline?range=1h")
    page.evaluate(
        "document.querySelector('[data-totals]').addEventListener('click', () => { window.summed = true; })"
    )
    page.keyboard.press("m")
    assert page.evaluate("window.summed") is None


def test_everything_is_gone_to_by_name(watched: Watched) -> None:
    name = "<img src=x onerror=window.__pwned=7>"
    page = watched.open("/invocations?q=status:failed&size=25")
    chosen = page.locator("#palette [aria-selected=true]")
    invocation = page.locator("tbody a.id").first.get_attribute("href").rpartition("/")[2]
    page.click("#saved > summary")
    page.fill("#saved input", name)
    page.press("#saved input", "Enter")
    wanted = (
        ("page", "failures", "**/failures"),
        ("task", "shop.refuse", "**/tasks/pynmon_shop.refuse"),
        ("view", "onerror=", "**/invocations?q=status%3Afailed&size=25"),
        ("id", invocation[-10:], f"**/invocations/{invocation}"),
    )
    for kind, typed, address in wanted:
        watched.open("/runners")
        page.locator("#find").focus()
        page.keyboard.press("Control+k")
        page.get_by_role("dialog").wait_for()
        page.keyboard.type(typed)
        chosen.filter(has=page.get_by_text(kind, exact=True)).wait_for()
        assert page.locator("#palette img").count() == 0
        page.keyboard.press("Enter")
        page.wait_for_url(address)
    assert page.evaluate("window.__pwned") is None
    page.keyboard.press("Meta+k")
    page.keyboard.type("no such thing, nowhere")
    assert page.locator("#palette li").all_inner_texts() == ["Invocation no such thing, nowhere\nid"]
    page.locator("#palette input").fill("")
    first = chosen.inner_text()
    for key in ("ArrowUp", "ArrowDown", "ArrowDown"):
        page.keyboard.press(key)
    assert chosen.inner_text() != first
    for_everybody(page, "the palette")
    page.keyboard.press("Escape")
    assert not page.get_by_role("dialog").is_visible()


def test_keys_walk_through_lists_and_are_explained(watched: Watched) -> None:
    page = watched.open("/invocations?size=25")
    links = [link.get_attribute("href") for link in page.locator("tbody a.id[href*='/invocations/']").all()]
    for key in "jjjk":
        page.keyboard.press(key)
    assert page.evaluate("document.activeElement.getAttribute('href')") == links[1]
    page.keyboard.press("Enter")
    page.wait_for_url("**" + links[1])
    page.keyboard.press("?")
    assert page.get_by_role("dialog").is_visible()
    page.keyboard.press("g")
    page.keyboard.press("k")
    page.keyboard.press("Escape")
    assert not page.get_by_role("dialog").is_visible()
    assert page.url.endswith(links[1])
    page = watched.open("/invocations?size=25")
    page.keyboard.press("]")
    page.wait_for_url("**cursor=**")
    page.keyboard.press("[")
    page.wait_for_url(lambda url: "cursor" not in url)
