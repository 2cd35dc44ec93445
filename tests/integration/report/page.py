"""A page of `endorun report`, read as a browser reads it: its facts and tables, with what is shown and what is sorted by."""
from html.parser import HTMLParser


class Page(HTMLParser):
    """facts: name to text; tables: ID to rows, each a list of (text, value or None); titles: of a chart's ID; cells: of rows;
    tags: every element's name and attributes."""

    def __init__(self, path):
        super().__init__(convert_charrefs=True)
        self.facts, self.tables, self.titles, self.cells, self.tags = {}, {}, {}, [], []
        self.table = self.row = self.cell = self.chart = self.collected = None
        with open(path, encoding="utf-8", newline="") as file:
            self.text = file.read()
        self.feed(self.text)
        self.close()

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.tags.append((tag, attributes))
        if tag == "table":
            self.table = self.tables.setdefault(attributes["id"], [])
        elif tag == "tr":
            self.row = []
        elif tag in ("td", "th"):
            self.cell, self.collected = attributes, ""
        elif tag in ("dt", "dd", "title"):
            self.collected = ""
        elif tag == "svg" and "id" in attributes:
            self.chart = self.titles.setdefault(attributes["id"], [])
        elif tag == "g" and "data-cells" in attributes:
            self.cells.append(attributes["data-cells"])

    def handle_data(self, data):
        if self.collected is not None:
            self.collected += data

    def handle_endtag(self, tag):
        if tag in ("td", "th"):
            value = self.cell.get("data-value")
            self.row.append((self.collected, None if value is None else int(value)))
        elif tag == "tr":
            self.table.append(self.row)
        elif tag == "dt":
            self.fact = self.collected
        elif tag == "dd":
            self.facts[self.fact] = self.collected
        elif tag == "title" and self.chart is not None:
            self.chart.append(self.collected)

    def rows(self, table):
        """Without the header; of a table that is not there, none."""
        return self.tables.get(table, [[]])[1:]
