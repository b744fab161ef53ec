"""How the tests read the report's pages."""

from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit

import pytest

VOID = {"meta", "br", "img", "hr", "link", "input"}


class Reader(HTMLParser):
    """What a page holds: names of its parts, links, headings, attributes, text; checks the nesting."""

    def __init__(self):
        super().__init__()
        self.open, self.ids, self.links, self.headings, self.elements, self.text = [], [], [], [], [], []

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.elements.append((tag, attributes))
        if tag not in VOID:
            self.open.append(tag)
        self.ids += [attributes["id"]] if "id" in attributes else []
        self.links += [attributes[name] for name in ("href", "src") if name in attributes]
        if tag in ("h1", "h2", "h3", "h4", "h5", "h6"):
            self.headings.append(int(tag[1]))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.text.append(data)


def read(page):
    reader = Reader()
    reader.feed(page)
    reader.close()
    assert reader.open == []
    reader.text = " ".join(" ".join(reader.text).split())
    return reader


def broken_links(folder):
    """Links of all pages of a folder that lead to no file there, or to no part of its page, or elsewhere."""
    pages = {path: read(path.read_text()) for path in (folder / "index.html", *folder.glob("report/*.html"))}
    broken = []
    for path, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path.resolve()
            inside = target.is_relative_to(folder.resolve()) and not parts.path.startswith("/")
            good = not parts.scheme and not parts.netloc and inside and target.is_file()
            if good and parts.fragment:
                shown = {other.resolve(): found for other, found in pages.items()}
                good = target in shown and parts.fragment in shown[target].ids
            if not good:
                broken.append((path.name, link))
    return broken


@pytest.fixture(name="read")
def reading():
    return read


@pytest.fixture(name="broken_links")
def finding_broken_links():
    return broken_links
