/** The curves of a step: how probable a token is at every position; the end of the text first. */
const curves = (() => {
  "use strict";
  const { make, draw, write, attribute } = dom;
  const { rankedAt } = tables;
  const { tokenAt, tokenText } = decode;
  const { TOP_LEVEL, quoted, aboutPercent } = words;
  const [WIDTH, HEIGHT, TOP] = [1000, 100, 3];
  const MOST_KEPT = 3;

  /**
   * The tokens that end a text: the special ones that stand after an end in this run.
   * @param {Run} run
   */
  function endingIds(run) {
    /** @type {Set<number>} */
    const ids = new Set();
    for (const step of run.blockEnds) {
      for (let i = step?.tail ?? 0; step && i < step.length; i++) if (run.signs.has(tokenAt(step, i))) ids.add(tokenAt(step, i));
    }
    return ids;
  }
  /**
   * How probable some tokens together are at every position of a step, as levels.
   * @param {Step} step
   * @param {Set<number>} ids
   */
  function levelsOf(step, ids) {
    if (step.phase === "noise") return new Array(step.length).fill(0);
    return Array.from({ length: step.length }, (_, i) => {
      const sum = rankedAt(step, i).reduce((all, { id, level }) => all + (ids.has(id) ? level : 0), 0);
      return Math.min(TOP_LEVEL, sum);
    });
  }
  /**
   * Levels as a line of steps, each as wide as its position.
   * @param {number[]} levels
   * @param {Axis} axis
   */
  function lineOf(levels, axis) {
    /** @param {number} level */
    const y = (level) => (HEIGHT - 1 - (HEIGHT - 1 - TOP) * (level / TOP_LEVEL)).toFixed(1);
    let path = `M0 ${y(levels[0])}`;
    for (let i = 1; i < levels.length; i++) {
      if (levels[i] !== levels[i - 1]) path += `H${(axis.at(i) * WIDTH).toFixed(1)}V${y(levels[i])}`;
    }
    return `${path}H${(axis.at(levels.length) * WIDTH).toFixed(1)}`;
  }

  /**
   * Curves in an empty element. onPoint: a position is pointed at (null: no more), onPick: it is chosen.
   * @param {HTMLElement} element
   * @param {{onPoint: (i: number | null) => void, onPick: (i: number) => void, onChange: () => void}} events
   */
  function createCurves(element, { onPoint, onPick, onChange }) {
    const plot = make("div", "dp-curve-plot");
    const svg = draw("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true" });
    const [area, here, ticks, key] = [draw("path", { class: "dp-curve-area" }), make("i", "dp-here-column"), make("div", "dp-ticks-across"), make("ul", "dp-curve-key")];
    const names = ["end", "here", ...Array.from({ length: MOST_KEPT }, (_, k) => `kept-${k}`)];
    svg.append(area);
    const rows = names.map((name) => {
      const path = svg.appendChild(draw("path", { class: `dp-curve-${name}` }));
      const [row, words, button] = [make("li", `dp-key-curve-${name}`), make("span"), make("button")];
      button.type = "button";
      row.append(make("i"), words, ...(name === "end" ? [] : [button]));
      key.append(row);
      return { path, row, words, button };
    });
    plot.append(svg, here);
    element.append(plot, ticks, key);
    /** The tokens whose curves stay. @type {number[]} */
    let kept = [];
    /** @type {Run | null} */
    let run = null;
    /** @type {Axis | null} */
    let axis = null;
    let [ticked, current] = ["", 0];
    rows[1].button.addEventListener("click", () => { kept = [...kept, current].slice(-MOST_KEPT); onChange(); });
    rows.slice(2).forEach(({ button }, k) => button.addEventListener("click", () => { kept.splice(k, 1); onChange(); }));

    /** @param {PointerEvent | MouseEvent} event */
    function positionOf(event) {
      const rect = plot.getBoundingClientRect();
      return axis?.positionAt((event.clientX - rect.left) / rect.width) ?? 0;
    }
    plot.addEventListener("click", (event) => onPick(positionOf(event)));
    plot.addEventListener("pointermove", (event) => { if (event.pointerType === "mouse") onPoint(positionOf(event)); });
    plot.addEventListener("pointerleave", () => onPoint(null));

    /**
     * A curve, its words and what its button does; all of it away where there are no words.
     * @param {typeof rows[number]} row
     * @param {string} line
     * @param {string} said
     */
    function fillRow({ path, row, words, button }, line, said, does = "") {
      attribute(path, "d", said ? line : "");
      row.hidden = !said;
      write(words, said);
      write(button, does);
      button.hidden = !does;
    }
    /**
     * Show a run at a step. i: the position that is looked at, whose token has a curve.
     * @param {Run} newRun
     * @param {number} index
     * @param {number} i
     * @param {number} width
     */
    function show(newRun, index, i, width) {
      if (run?.id !== newRun.id || run?.startedAt !== newRun.startedAt) kept = [];
      run = newRun;
      const [step, scale] = [newRun.trace[index], (axis = axes.axisOf(newRun))];
      if (ticked !== scale.key) axes.drawTicks(ticks, scale);
      ticked = scale.key;
      const ids = endingIds(newRun);
      const ending = step.ending ? [...step.ending] : levelsOf(step, ids);
      const isKnown = step.phase !== "noise" && (step.ending || ids.size > 0);
      const line = lineOf(ending, scale);
      const length = ending.reduce((sum, level) => sum + 1 - level / TOP_LEVEL, 0);
      fillRow(rows[0], line, isKnown ? `the end of the text, ${aboutPercent(ending[i])} here · expected length ≈ ${length.toFixed(0)}` : "");
      attribute(area, "d", isKnown ? `${line}V${HEIGHT}H0Z` : "");
      current = tokenAt(step, i);
      const isEnd = ids.has(current) && !kept.includes(current);
      const can = kept.includes(current) || kept.length >= MOST_KEPT ? "" : "keep";
      fillRow(rows[1], curveOf(step, current, scale), step.phase === "noise" || isEnd ? "" : saidOf(newRun, step, current, i), can);
      rows.slice(2).forEach((row, k) => {
        const id = kept[k];
        if (id === undefined) fillRow(row, "", "");
        else fillRow(row, curveOf(step, id, scale), saidOf(newRun, step, id, i), "×");
      });
      attribute(here, "style", `width: ${Math.max(2, (scale.at(i + 1) - scale.at(i)) * width).toFixed(1)}px; transform: translateX(${(scale.at(i) * width).toFixed(1)}px)`);
    }
    return { show };
  }
  /**
   * The curve of a token.
   * @param {Step} step
   * @param {number} id
   * @param {Axis} axis
   */
  const curveOf = (step, id, axis) => lineOf(levelsOf(step, new Set([id])), axis);
  /**
   * A token and its probability at a position.
   * @param {Run} run
   * @param {Step} step
   * @param {number} id
   * @param {number} i
   */
  function saidOf(run, step, id, i) {
    const found = rankedAt(step, i).find((candidate) => candidate.id === id);
    return `${quoted(tokenText(run, id))}, ${found ? aboutPercent(found.level) : "under 1 %"} here`;
  }
  return { createCurves };
})();
