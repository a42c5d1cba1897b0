"use strict";
/* The photos behind a matrix. Everything that comes from the data is set as text, never as markup. */
(() => {
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const data = read("data");
  let images = null; // megabytes: read when the first photo is shown
  const FEW = 24, MORE = 96, AROUND = 15, LEVELS = 5;
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
    const buttons = () => [...table.rows].map((row) => [...row.cells].map((cell) => cell.querySelector("button")));
    let rows = buttons();

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

    const cellOf = (r, c) => table.querySelector(`button[data-r="${r}"][data-c="${c}"]`);
    const first = cellOf(...run.first); // the cell to begin with: the largest error
    stop(first);
    setTimeout(() => open(first)); // after the first paint

    // One class and those that it is taken for or that are taken for it, the most frequent first.
    function around(k) {
      const together = new Map();
      for (let i = 0; i < of.ids.length; i++) {
        const [t, p] = [of.true[i], of.predicted[i]];
        if (t !== p && (t === k || p === k)) together.set(t === k ? p : t, (together.get(t === k ? p : t) || 0) + 1);
      }
      return [k, ...[...together].sort((a, b) => b[1] - a[1] || a[0] - b[0]).slice(0, AROUND - 1).map(([other]) => other)];
    }

    function draw(places) {
      const K = names.length, counts = new Map(), totals = new Array(K).fill(0), said = new Array(K).fill(0);
      for (let i = 0; i < of.ids.length; i++) {
        const key = of.true[i] * K + of.predicted[i];
        counts.set(key, (counts.get(key) || 0) + 1);
        totals[of.true[i]] += 1;
        said[of.predicted[i]] += 1;
      }
      let strongest = 0;
      for (const [key, n] of counts)
        if (Math.floor(key / K) !== key % K) strongest = Math.max(strongest, n / totals[Math.floor(key / K)]);
      const button = (text, label, r, c) => {
        const made = make("button", text);
        made.type = "button";
        made.tabIndex = -1;
        if (r !== null) made.dataset.r = r;
        if (c !== null) made.dataset.c = c;
        made.title = label;
        made.setAttribute("aria-label", label);
        return made;
      };
      const cell = (kind, child, scope) => {
        const made = make(kind);
        if (scope) made.scope = scope;
        made.append(child);
        return made;
      };
      const head = make("tr");
      head.append(make("td", "shown ↓ answered →", "corner"));
      for (const c of places) {
        const made = button("", `Everything answered as ${names[c]}: ${photos(said[c])}`, null, c);
        made.append(make("span", run.short[c]));
        head.append(cell("th", made, "col"));
      }
      const body = places.map((r) => {
        const line = make("tr");
        line.append(cell("th", button(run.short[r], `Every ${names[r]}: ${photos(totals[r])}`, r, null), "row"));
        for (const c of places) {
          const n = counts.get(r * K + c) || 0, share = n / (totals[r] || 1);
          const strength = r === c ? share : Math.sqrt(share / (strongest || 1));
          const label = `${names[r]} answered as ${names[c]}: ${counted(n)} of ${photos(totals[r])}, ${r === c ? "right" : "wrong"}`;
          const made = cell("td", button(n ? counted(n) : "", label, r, c));
          made.className = n ? (r === c ? "r" : "w") + (1 + Math.min(LEVELS - 1, Math.floor(strength * LEVELS))) : "z";
          line.append(made);
        }
        return line;
      });
      table.tHead.replaceChildren(head);
      table.tBodies[0].replaceChildren(...body);
      table.className = `matrix ${places.length > 10 ? "many" : "few"}`;
      rows = buttons();
    }

    const find = block.querySelector(".find");
    if (find) find.addEventListener("change", () => {
      const k = names.indexOf(find.value);
      if (k < 0) return;
      const places = around(k);
      draw(places);
      table.caption.textContent = places.length > 1
        ? `${names[k]} and ${places.length > 2 ? `the ${places.length - 1} classes` : "the one class"} that it is confused with${places.length < AROUND ? "" : " most"}. Rows: what the photo shows. Columns: what was answered.`
        : `${names[k]} is confused with no other class.`;
      const to = table.querySelector(`tbody th button[data-r="${k}"]`); // every photo of it
      stop(to);
      open(to);
    });
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
