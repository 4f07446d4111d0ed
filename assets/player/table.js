/** The table of a run: steps down, a few positions across, and in each cell the most probable tokens. */
const tables = (() => {
  "use strict";
  const { make, write } = dom;
  const { CODE, isNoise, tokenAt, tokenText } = decode;
  const { TOP_LEVEL, visible, aboutPercent } = words;
  const [CELL_PX, HEAD_PX, MOST_COLUMNS, LEAST_COLUMNS] = [122, 48, 9, 3];
  const REACH = 8; // steps before and after the one that is shown; all would be too much to paint
  const ROWS_A_FRAME = 3; // the nearest first: a row takes a millisecond to lay out and paint
  const RANKS = 3; // of a neighbour; of the position that is looked at, all
  const NAMES = Object.fromEntries(Object.entries(CODE).map(([name, code]) => [code, name.split("_")[0].toLowerCase()]));

  /**
   * The candidates of a position that this step has told, the most probable first.
   * @param {Step} step
   * @param {number} i
   * @returns {Candidate[]}
   */
  function rankedAt(step, i) {
    const others = step.alternatives[i];
    const first = { id: step.candidates[i], level: step.probability[i] };
    return [first, ...(others?.step === step.step ? others.ranked.filter(({ id, level }) => level && id !== first.id) : [])];
  }
  /**
   * A probability in the room of a cell.
   * @param {number} level
   */
  const percent = (level) => aboutPercent(level).replace("about ", "").replace("under ", "<").replace("over ", ">");

  /**
   * A cell with its candidates.
   * @param {Run} run
   * @param {Step} step
   * @param {number} i
   * @param {boolean} here
   */
  function makeCell(run, step, i, here) {
    const cell = make("td", here ? "dp-here" : "");
    const ranked = rankedAt(step, i);
    cell.dataset.i = String(i);
    cell.dataset.is = NAMES[step.cells[i]];
    for (const { id, level } of here ? ranked : ranked.slice(0, RANKS)) {
      const row = make("span", !isNoise(step.cells[i]) && id === tokenAt(step, i) ? "dp-rank dp-stands" : "dp-rank");
      row.style.backgroundSize = `${Math.round((100 * level) / TOP_LEVEL)}% 100%`; // a bar of its own would be a layer
      row.append(make("b", "", visible(tokenText(run, id))), make("small", "", percent(level)));
      cell.append(row);
    }
    if (!here && ranked.length > RANKS) cell.append(make("small", "dp-more", `+${ranked.length - RANKS}`));
    return cell;
  }

  /**
   * A table in an empty element. onPick: a step and position are chosen.
   * @param {HTMLElement} element
   * @param {HTMLElement} scroller what scrolls it
   * @param {{onPick: (spot: MapSpot) => void}} events
   */
  function createTable(element, scroller, { onPick }) {
    const [table, head, body] = [make("table"), make("thead"), make("tbody")];
    const caption = make("caption", "dp-unseen", "The most probable tokens of some positions, step by step");
    table.append(caption, head, body);
    element.append(table);
    /** @type {{run: Run | null, key: string, b: number}} */
    let drawn = { run: null, key: "", b: 0 };
    /** The rows, by the index of their step. @type {Map<number, HTMLTableRowElement>} */
    let rows = new Map();
    /** @type {HTMLTableRowElement | undefined} */
    let lit;
    /** @type {{i: number, token: HTMLElement}[]} */
    let heads = [];
    let height = 0;
    let filling = 0;

    element.addEventListener("click", ({ target }) => {
      const [cell, row] = target instanceof Element ? [target.closest("td"), target.closest("tr")] : [];
      const index = [...rows].find(([, own]) => own === row)?.[0];
      if (index === undefined) return;
      onPick({ index, b: drawn.b, i: Number(cell?.dataset.i ?? heads.find(({ token }) => token.closest(".dp-here"))?.i) });
    });

    /**
     * The positions across: as many as there is room for, around one.
     * @param {number} length
     * @param {number} i
     * @param {number} width
     */
    function windowOf(length, i, width) {
      const room = Math.floor((width - HEAD_PX) / CELL_PX);
      const count = Math.min(length, Math.max(LEAST_COLUMNS, Math.min(MOST_COLUMNS, room - ((room + 1) % 2))));
      const from = Math.max(0, Math.min(length - count, i - (count >> 1)));
      return Array.from({ length: count }, (_, k) => from + k);
    }
    /**
     * Begin anew with these positions.
     * @param {number[]} positions
     * @param {number} here
     */
    function open(positions, here) {
      const row = make("tr");
      const corner = row.appendChild(make("th", "", "step"));
      corner.scope = "col";
      heads = positions.map((i) => {
        const [cell, token] = [make("th", i === here ? "dp-here" : ""), make("b")];
        cell.scope = "col";
        cell.append(make("small", "", String(i + 1)), token);
        row.append(cell);
        return { i, token };
      });
      head.replaceChildren(row);
      body.replaceChildren();
      [rows, lit] = [new Map(), undefined];
    }
    /**
     * Show a run at a step, around the position that is looked at.
     * @param {Run} run
     * @param {number} index
     * @param {MapSpot} spot
     * @param {{width: number, height: number}} size
     */
    function show(run, index, spot, size) {
      const steps = run.trace.flatMap((step, k) => (step.block === spot.b && step.phase === "step" ? [{ step, k }] : []));
      const shown = run.trace[spot.index];
      const positions = windowOf(shown.length, spot.i, size.width);
      const key = `${spot.b} ${spot.i} ${positions.length}`;
      if (drawn.run !== run || drawn.key !== key) open(positions, spot.i);
      drawn = { run, key, b: spot.b };
      for (const { step, k } of steps) {
        if (rows.has(k)) continue;
        const [row, name] = [make("tr"), make("th", "", String(step.step))];
        name.scope = "row";
        row.append(name, ...positions.map((i) => makeCell(run, step, i, i === spot.i)));
        row.hidden = true;
        rows.set(k, body.appendChild(row));
      }
      for (const { i, token } of heads) write(token, visible(decode.textAt(run, shown, i)));
      const first = steps[0]?.k ?? 0;
      const at = Math.max(first, Math.min(index, first + steps.length - 1));
      const row = rows.get(at);
      const moved = row !== lit || height !== size.height;
      if (moved) {
        for (const [k, own] of rows) if (Math.abs(k - at) > REACH) own.hidden = true;
        lit?.classList.remove("dp-now");
        row?.classList.add("dp-now");
        [lit, height] = [row, size.height];
      }
      fill(at, moved);
    }
    /**
     * Show the rows around one, some of them now and the others in the frames to come.
     * @param {number} at
     * @param {boolean} moved whether that one is to be brought to the middle
     */
    function fill(at, moved) {
      cancelAnimationFrame(filling);
      const far = (/** @type {number} */ k) => Math.abs(k - at);
      const missing = [...rows].filter(([k, row]) => row.hidden && far(k) <= REACH).sort(([k], [l]) => far(k) - far(l));
      const next = missing.slice(0, ROWS_A_FRAME);
      for (const [, row] of next) row.hidden = false;
      if (missing.length > ROWS_A_FRAME) filling = requestAnimationFrame(() => fill(at, false));
      if (lit && (moved || next.some(([k]) => k < at))) scroller.scrollTop = lit.offsetTop - (height - lit.offsetHeight) / 2;
    }
    return { show };
  }
  return { createTable, rankedAt };
})();
