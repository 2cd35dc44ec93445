"use strict";
// The page is whole without this: here tables get an order, and charts tell at once what is below the pointer.
(() => {
  // ---- order of tables

  const valueOf = (row, column) => {
    const cell = row.cells[column];
    return "value" in cell.dataset ? Number(cell.dataset.value) : cell.textContent;
  };

  const compare = (left, right) => (left < right ? -1 : left > right ? 1 : 0);

  // Rows that are equal keep the order that they have.
  const sortBy = (table, column, direction) => {
    const sign = direction === "ascending" ? 1 : -1;
    const body = table.tBodies[0];
    const rows = Array.from(body.rows, (row) => ({ row, value: valueOf(row, column) }));
    rows.sort((left, right) => sign * compare(left.value, right.value));
    body.append(...rows.map((item) => item.row));
    for (const header of table.tHead.rows[0].cells) header.removeAttribute("aria-sort");
    table.tHead.rows[0].cells[column].setAttribute("aria-sort", direction);
  };

  // Numbers begin with the largest, texts with the first.
  const nextDirection = (header) => {
    const first = header.classList.contains("n") ? "descending" : "ascending";
    const second = first === "ascending" ? "descending" : "ascending";
    return header.getAttribute("aria-sort") === first ? second : first;
  };

  for (const table of document.querySelectorAll("table")) {
    for (const header of table.tHead.rows[0].cells) {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...header.childNodes);
      button.addEventListener("click", () => sortBy(table, header.cellIndex, nextDirection(header)));
      header.append(button);
    }
  }

  // ---- what is below the pointer

  const tip = document.getElementById("tip");
  const told = new WeakMap();

  // The browser's own hint would come beside this one.
  for (const title of document.querySelectorAll(".chart title")) {
    told.set(title.parentNode, title.textContent);
    title.remove();
  }

  const units = [[1e9, "s"], [1e6, "ms"], [1e3, "\u00b5s"], [1, "ns"]];
  const duration = (nanoseconds) => {
    const [size, unit] = units.find(([least]) => nanoseconds >= least) ?? units[3];
    return `${Number((nanoseconds / size).toPrecision(3))}\u00a0${unit}`;
  };
  const seconds = (nanoseconds) => (nanoseconds / 1e9).toFixed(6);

  // A row's cells, taken apart when they are first asked for: by bin, what stands behind it.
  const cellsOf = new WeakMap();
  const parseCells = (row) => {
    const bins = new Map();
    for (const item of row.dataset.cells.split(";")) {
      const [bin, ...groups] = item.split(" ");
      bins.set(Number(bin), groups.map((group) => group.split(",").map(Number)));
    }
    return bins;
  };

  const binBelow = (svg, event) => {
    const { left, right, end, bin } = svg.dataset;
    const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
    return Math.floor(((point.x - left) / (right - left)) * (end / bin));
  };

  const tellBin = (row, event) => {
    const svg = row.ownerSVGElement;
    const names = svg.dataset.groups.split(" ");
    const bin = binBelow(svg, event);
    const width = Number(svg.dataset.bin);
    if (!cellsOf.has(row)) cellsOf.set(row, parseCells(row));
    const groups = cellsOf.get(row).get(bin);
    if (groups === undefined) return "";
    const lines = groups.map(([group, calls, time]) => `${names[group]}: ${calls} calls, ${duration(time)}`);
    return `\n${seconds(bin * width)} to ${seconds((bin + 1) * width)} s:\n${lines.join("\n")}`;
  };

  const tell = (event) => {
    const row = event.target.closest(".row");
    const own = told.get(event.target);
    if (own !== undefined && !event.target.classList.contains("life")) return own;
    if (row === null) return undefined;
    const life = told.get(row.querySelector(".life"));
    return event.target.closest("text") === null ? life + tellBin(row, event) : life;
  };

  const place = (event) => {
    const { width, height } = tip.getBoundingClientRect();
    const x = event.clientX + 14 + width > innerWidth ? event.clientX - 14 - width : event.clientX + 14;
    const y = event.clientY + 14 + height > innerHeight ? event.clientY - 14 - height : event.clientY + 14;
    tip.style.left = `${Math.max(0, x)}px`;
    tip.style.top = `${Math.max(0, y)}px`;
  };

  for (const chart of document.querySelectorAll(".chart")) {
    chart.addEventListener("pointermove", (event) => {
      const text = tell(event);
      tip.hidden = text === undefined;
      if (text === undefined) return;
      tip.textContent = text;
      place(event);
    });
    chart.addEventListener("pointerleave", () => {
      tip.hidden = true;
    });
  }
})();
