"""Every page that can be reached by following links."""

from __future__ import annotations

from collections import Counter, deque
from html.parser import HTMLParser
from urllib.parse import parse_qsl, urldefrag, urljoin, urlsplit

from fastapi.testclient import TestClient

_VOID = {"meta", "link", "input", "br", "img", "hr"}
#: What is no page, and windows and lists that move by each step.
_LEFT_OUT = ("cursor=", "from=", "pin=", "fold=", "/export/", ".svg")


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
        #: Of the elements of the document; what is in a template is none yet.
        self.tags: list[str] = []
        self._is_in_template = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if not self._is_in_template:
            self.tags.append(tag)
        self._is_in_template |= tag == "template"
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

    def handle_endtag(self, tag: str) -> None:
        self._is_in_template &= tag != "template"


def crawl(client: TestClient, start: str = "/", limit: int = 400, alike: int = 1) -> dict[str, Page]:
    """By path: every page, those that are fewest links away first; each link has to lead to one.

    Of addresses that ask for the same things by other values ``alike`` are followed: a list leads to itself with
    another range, order or query without end.
    """
    found: dict[str, Page] = {}
    seen: Counter[tuple[str, ...]] = Counter()
    met, waiting = {start}, deque([start])
    while waiting and len(found) < limit:
        path = waiting.popleft()
        response = client.get(path, follow_redirects=True)
        assert response.status_code == 200, (path, response.status_code)
        page = found[path] = Page(response.text)
        for link in page.links:
            target = urldefrag(urljoin(path, link)).url
            if target in met or any(word in target for word in _LEFT_OUT):
                continue
            kind = _kind(target)
            # What asks for more than two things is not another page, and there are more of these than are looked at.
            if len(kind) == 1 or (len(kind) <= 3 and seen[kind] < alike):
                seen[kind] += 1
                met.add(target)
                waiting.append(target)
    return found


def _kind(address: str) -> tuple[str, ...]:
    """The path of an address and the names of the things that it asks for."""
    parts = urlsplit(address)
    return parts.path, *sorted(name for name, _ in parse_qsl(parts.query, keep_blank_values=True))
