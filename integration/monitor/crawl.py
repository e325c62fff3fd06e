"""Every page that can be reached by following links."""

from __future__ import annotations

from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

from fastapi.testclient import TestClient

_VOID = {"meta", "link", "input", "br", "img", "hr"}


class Page(HTMLParser):
    """What a page has that tests judge."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text
        self.links: list[str] = []
        self.sources: list[str] = []
        self.ids: list[str] = []
        self.headings = 0
        #: Whatever a strict policy forbids.
        self.forbidden: list[str] = []
        self.tags: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.tags.append(tag)
        self.headings += tag == "h1"
        if tag == "a" and values.get("href"):
            self.links.append(str(values["href"]))
        if tag in ("script", "link", "img", "use"):
            self.sources += [str(values[name]) for name in ("src", "href") if values.get(name)]
        if values.get("id"):
            self.ids.append(str(values["id"]))
        if tag == "style" or (tag == "script" and not values.get("src")):
            self.forbidden.append(f"<{tag}>")
        self.forbidden += [
            f"{tag} {name}" for name, value in attrs if name == "style" or name.startswith("on")
        ]
        self.forbidden += [
            f"{tag} {name}={value}"
            for name, value in attrs
            if name in ("href", "src", "action") and value and urlsplit(value).scheme not in ("", "data")
        ]


def crawl(client: TestClient, start: str = "/", limit: int = 400) -> dict[str, Page]:
    """By path: every page; each link has to lead to one."""
    found: dict[str, Page] = {}
    waiting = [start]
    while waiting and len(found) < limit:
        path = waiting.pop()
        if path in found:
            continue
        response = client.get(path)
        assert response.status_code == 200, (path, response.status_code)
        page = found[path] = Page(response.text)
        for link in page.links:
            target = urljoin(path, link)
            if (
                not link.startswith("#")
                and target not in found
                and not any(
                    word in target for word in ("cursor=", "from=", "pin=", "fold=", "/export/", ".svg")
                )
                # What narrows a list twice is not another page, and there are more of these than are looked at.
                and target.count("&") < 2
            ):
                waiting.append(target)
    return found
