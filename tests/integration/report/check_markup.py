#!/usr/bin/python3
"""check_markup.py PAGE: the page has the elements and attributes of its frame and tables, and none that came out of a text."""
import sys

from page import Page

ELEMENTS = {
    "html": {"lang"}, "head": set(), "meta": {"charset", "http-equiv", "content", "name"}, "title": set(), "style": set(),
    "body": set(), "header": set(), "h1": set(), "h2": set(), "code": set(), "p": {"class"}, "dl": set(), "div": None, "dt": set(),
    "dd": set(), "small": set(), "nav": {"aria-label"}, "a": {"href"}, "main": set(), "section": {"id"}, "details": set(),
    "summary": set(), "ul": {"class", "aria-label"}, "li": set(), "b": {"class"}, "i": set(), "footer": set(), "script": set(),
    "table": {"id"}, "thead": set(), "tbody": set(), "tr": set(), "th": {"scope", "class", "data-value"},
    "td": {"class", "data-value"}, "g": {"class", "aria-hidden", "transform", "data-cells"}, "tspan": {"class"},
    "text": {"x", "y"}, "path": {"class", "d"}, "rect": {"class", "x", "y", "width", "height"},
    "svg": {"id", "viewbox", "role", "aria-label", "aria-hidden", "data-left", "data-right", "data-end", "data-bin", "data-groups"},
}
DIV = {"class", "tabindex", "role", "aria-label", "id", "hidden"}

page = Page(sys.argv[1])
problems = []
for tag, attributes in page.tags:
    known = DIV if tag == "div" else ELEMENTS.get(tag)
    if known is None:
        problems.append(f"an element {tag}")
    elif not set(attributes) <= known:
        problems.append(f"{tag} has attributes {sorted(set(attributes) - known)}")
    if tag == "a" and not attributes["href"].startswith("#"):
        problems.append(f"a link to {attributes['href']}")
for tag in "script", "style", "h1", "body":
    if [name for name, _ in page.tags].count(tag) != 1:
        problems.append(f"there is not one {tag}")
hidden = [character for character in page.text if (character < " " and character != "\n") or "\x7f" <= character <= "\x9f"
          or "\u202a" <= character <= "\u202e"]
if hidden:
    problems.append(f"characters that are not seen: {set(hidden)}")
if "document.title='run'" in page.text:
    problems.append("a quote of a text is as it was")
for problem in sorted(set(problems)):
    print(problem, file=sys.stderr)
sys.exit(len(problems) > 0)
