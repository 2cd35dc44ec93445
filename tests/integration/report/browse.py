#!/usr/bin/python3
"""browse.py FOLDER PAGE HOSTILE: a page with many calls, and one of hostile texts, in chromium without a screen."""
import os
import sys

from chromium import Chromium
from page import Page

problems = 0


def expect(what, expected, found):
    global problems
    if expected != found:
        print(f"{what}: expected {expected!r}, found {found!r}", file=sys.stderr)
        problems += 1


def column(browser, table, index):
    return browser.evaluate(
        f"Array.from(document.querySelectorAll('#{table} tbody tr'), (row) => "
        f"row.cells[{index}].dataset.value === undefined ? row.cells[{index}].textContent : Number(row.cells[{index}].dataset.value))")


def check_sorting(browser, page):
    tables = [name for name in page.tables if name != "threads"]
    for table in tables:
        for index in range(len(page.tables[table][0])):
            header = f"document.querySelector('#{table} thead').rows[0].cells[{index}]"
            numeric = browser.evaluate(f"{header}.classList.contains('n')")
            for direction in ["descending", "ascending"] if numeric else ["ascending", "descending"]:
                browser.click(f"{header}.firstElementChild")
                found = column(browser, table, index)
                expect(f"{table} by column {index}, {direction}", sorted(found, reverse=direction == "descending"), found)
                expect(f"the direction of {table} by {index}", direction, browser.evaluate(f"{header}.ariaSort"))
        expect(f"the order of {table} has one column", 1,
               browser.evaluate(f"document.querySelectorAll('#{table} [aria-sort]').length"))


def check_tips(browser):
    tip = "document.getElementById('tip')"
    expect("a hint before", True, browser.evaluate(f"{tip}.hidden"))
    for target, words in (
            ("#timeline .life", ["Thread 4000 of process 4000, /bin/sh", "calls"]),
            ("#timeline .row:nth-of-type(3) .life", ["Thread 4001 of process 4001, /usr/bin/program", " s:\n", ": "]),
            ("#timeline .exec", ["exec /usr/bin/program-"]),
            ("#timeline .signal", ["signal SIGALRM at "]),
            ("#rate .bin:nth-of-type(40)", [" calls\n", "descriptor "])):
        browser.evaluate(f"{tip}.textContent = ''")
        browser.point_at(f"document.querySelector('{target}')")
        browser.wait_until(f"!{tip}.hidden && {tip}.textContent !== ''")
        text = browser.evaluate(f"{tip}.textContent")
        for word in words:
            expect(f"the hint of {target}, {text!r}, has {word!r}", True, word in text)
    browser.point_at("document.querySelector('h1')")
    browser.wait_until(f"{tip}.hidden")


CONTRAST = """(() => {
  const luminance = (name) => {
    const hex = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
    const parts = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16) / 255)
      .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
  };
  const contrast = (one, other) => {
    const [dark, light] = [luminance(one), luminance(other)].sort((left, right) => left - right);
    return (light + 0.05) / (dark + 0.05);
  };
  const texts = ["--ink", "--soft", "--link", "--warning"].flatMap((text) => ["--paper", "--band"]
    .map((ground) => [text + " on " + ground, contrast(text, ground), 4.5]));
  const fills = Array.from({length: 9}, (_, slot) => ["--s" + slot + " on --paper", contrast("--s" + slot, "--paper"), 3]);
  return texts.concat(fills).filter(([, found, least]) => !(found >= least)).map(([what]) => what);
})()"""


def check_colours(browser):
    """Those of the contrasts that WCAG 2.1 AA asks for: 4.5 for text, 3 for what is drawn."""
    grounds = []
    for scheme in "light", "dark":
        browser.command("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        grounds.append(browser.evaluate("getComputedStyle(document.documentElement).backgroundColor"))
        expect(f"too little contrast in {scheme}", [], browser.evaluate(CONTRAST))
    expect("light and dark differ", True, grounds[0] != grounds[1])


def check_rows(browser, page, scripts):
    for table in page.tables:
        expect(f"rows of {table}, {scripts}", len(page.rows(table)),
               browser.evaluate(f"document.querySelectorAll('#{table} tbody tr').length"))


def check_quiet(browser, what, url):
    expect(f"{what}: what the console has", [], browser.messages)
    expect(f"{what}: what was requested", [url], browser.requests)


def check_page(browser, name):
    page, url = Page(name), "file://" + os.path.abspath(name)
    browser.open(url)
    check_rows(browser, page, "with scripts")
    check_sorting(browser, page)
    check_tips(browser)
    check_colours(browser)
    check_quiet(browser, "the page", url)
    browser.command("Emulation.setScriptExecutionDisabled", value=True)
    browser.open(url)
    check_rows(browser, page, "without scripts")
    expect("buttons without scripts", 0, browser.evaluate("document.querySelectorAll('button').length"))
    browser.command("Emulation.setScriptExecutionDisabled", value=False)


def check_hostile(browser, name):
    page, url = Page(name), "file://" + os.path.abspath(name)
    browser.open(url)
    title = browser.evaluate("document.title")
    check_rows(browser, page, "of hostile texts")
    check_sorting(browser, page)
    expect("elements of images, links and frames that texts would have made", 0, browser.evaluate(
        "document.querySelectorAll('img, iframe, object, embed, link, base, form, a:not([href^=\"#\"])').length"))
    check_quiet(browser, "hostile texts", url)
    # Were a text to become markup, the page's policy would keep it from running and from asking for anything.
    browser.evaluate("addEventListener('securitypolicyviolation', (event) => (window.violations ??= []).push(event.violatedDirective))")
    browser.evaluate("document.body.insertAdjacentHTML('beforeend', `<img src='http://127.0.0.1:9/x' onerror=\"document.title='run'\">"
                     "<svg onload=\"document.title='run'\"></svg><b onclick=\"document.title='run'\">x</b>`)")
    browser.evaluate("document.body.lastElementChild.click()")
    browser.wait_until("(window.violations ?? []).length >= 2 || document.title === 'run'")
    expect("the title after that", title, browser.evaluate("document.title"))


def main():
    folder, name, hostile = sys.argv[1:]
    with Chromium(folder) as browser:
        check_page(browser, name)
        check_hostile(browser, hostile)
    sys.exit(problems > 0)


main()
