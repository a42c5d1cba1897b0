"use strict";
/* The photos behind a matrix. Everything that comes from the data is set as text, never as markup. */
(() => {
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const data = read("data");
  let images = null; // megabytes: read when the first photo is shown
  const FEW = 24, MORE = 96;
  const counted = (n) => n.toLocaleString("en-US");
  const photos = (n) => (n === 1 ? "1 photo" : `${counted(n)} photos`);
  const make = (name, text, kind) => {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    if (kind) made.className = kind;
    return made;
  };

  function explorer(block) {
    const run = data.runs[Number(block.dataset.run)];
    const names = run.names, of = run.photos;
    const [heading, told, grid, more] = ["h4", ".told", ".grid", ".more"].map((name) => block.querySelector(`.photos ${name}`));
    const table = block.querySelector("table");
    const rows = [...table.rows].map((row) => [...row.cells].map((cell) => cell.querySelector("button")));

    function chosen(r, c) {
      const found = [];
      for (let i = 0; i < of.ids.length; i++)
        if ((r === null || of.true[i] === r) && (c === null || of.predicted[i] === c)) found.push(i);
      return found.sort((a, b) => of.sure[b] - of.sure[a]);
    }

    function figure(i) {
      const right = of.true[i] === of.predicted[i];
      const made = make("figure"), image = make("img"), caption = make("figcaption");
      image.src = `data:image/webp;base64,${images[of.picture[i]]}`;
      image.alt = `${names[of.true[i]]} answered as ${names[of.predicted[i]]}`;
      const frame = make("div", undefined, "frame");
      frame.append(image);
      caption.append(make("span", right ? "✓ " : "✕ ", right ? "right" : "wrong"));
      caption.append(`${names[of.true[i]]} → ${names[of.predicted[i]]}`);
      caption.append(make("small", `${(100 * of.sure[i]).toFixed(1)} % sure`));
      made.title = of.ids[i];
      made.append(frame, caption);
      return made;
    }

    function open(button) {
      const r = button.dataset.r === undefined ? null : Number(button.dataset.r);
      const c = button.dataset.c === undefined ? null : Number(button.dataset.c);
      for (const other of table.querySelectorAll("[aria-pressed=true]")) other.removeAttribute("aria-pressed");
      button.setAttribute("aria-pressed", "true");
      const found = chosen(r, c), seen = found.filter((i) => of.picture[i] >= 0);
      heading.textContent =
        r === null ? `Everything answered as ${names[c]}: ${photos(found.length)}`
        : c === null ? `Every ${names[r]}: ${photos(found.length)}`
        : `${names[r]} answered as ${names[c]}: ${photos(found.length)}, ${r === c ? "right" : "wrong"}`;
      grid.replaceChildren();
      more.replaceChildren();
      block.dataset.count = found.length;
      if (!found.length) told.textContent = "";
      else if (run.missing) told.textContent = run.missing;
      else if (seen.length < found.length)
        told.textContent = `Showing ${counted(seen.length)} of ${counted(found.length)}, the surest first; the names of all are below.`;
      else told.textContent = "The surest first.";
      if (seen.length && images === null) images = read("images");
      let shown = 0;
      const next = make("button", undefined, "next");
      next.type = "button";
      const show = (most) => {
        grid.append(...seen.slice(shown, shown + most).map(figure));
        shown = Math.min(seen.length, shown + most);
        next.textContent = `Show ${counted(Math.min(MORE, seen.length - shown))} more of ${counted(seen.length - shown)} pictures`;
        next.hidden = shown >= seen.length;
      };
      next.addEventListener("click", () => show(MORE));
      show(FEW);
      if (found.length) more.append(next, list(found));
    }

    function list(found) {
      const made = make("details"), summary = make("summary", found.length === 1 ? "Its name" : `The names of all ${counted(found.length)}`);
      made.append(summary);
      made.addEventListener("toggle", () => {
        if (made.querySelector("ol")) return;
        const lines = make("ol");
        for (const i of found) {
          const answer = of.true[i] === of.predicted[i] ? "right" : `answered ${names[of.predicted[i]]}`;
          lines.append(make("li", `${of.ids[i]} · ${names[of.true[i]]}, ${answer}, ${(100 * of.sure[i]).toFixed(1)} %`));
        }
        made.append(lines);
      });
      return made;
    }

    function stop(button) { // one stop for the Tab key, wherever the arrows went
      for (const other of table.querySelectorAll("button[tabindex='0']")) other.tabIndex = -1;
      button.tabIndex = 0;
    }

    table.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (!button) return;
      stop(button);
      open(button);
    });
    table.addEventListener("keydown", (event) => {
      const cell = event.target.closest("th, td");
      if (!cell) return;
      let r = cell.parentNode.rowIndex, c = cell.cellIndex;
      if (event.key === "ArrowUp") r -= 1;
      else if (event.key === "ArrowDown") r += 1;
      else if (event.key === "ArrowLeft") c -= 1;
      else if (event.key === "ArrowRight") c += 1;
      else if (event.key === "Home") c = 0;
      else if (event.key === "End") c = rows[r].length - 1;
      else return;
      event.preventDefault();
      const button = rows[r] && rows[r][c];
      if (!button) return;
      stop(button);
      button.focus();
    });

    const [r, c] = run.first; // the cell to begin with: the largest error
    const first = rows[r + 1][c + 1];
    stop(first);
    setTimeout(() => open(first)); // after the first paint
  }

  for (const block of document.querySelectorAll(".explorer")) explorer(block);
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = [...document.querySelectorAll("details.paper:not([open])")];
    for (const one of closed) one.open = true;
  });
  addEventListener("afterprint", () => {
    for (const one of closed) one.open = false;
  });
})();
