/**
 * A look inside a run, folded until it is asked for: every step of every position in one picture. What is
 * pointed at in it is described in a line; a click, or an arrow key, goes to that step and that position.
 */
const insides = (() => {
  "use strict";
  const { make, write, attribute, named } = dom;
  const { INKS } = heatmaps;
  const { describe } = inspectors;
  const { aboutNats, aboutPercent } = words;
  const STATES = Object.fromEntries(Object.entries(decode.CODE).map(([name, code]) => [code, name.split("_")[0].toLowerCase().replace("masked", "noise")]));
  const MARKUP = `
    <summary><strong>Look inside</strong><span class="dp-brief">every position at every step</span></summary>
    <div class="dp-inside-tools">
      <div class="dp-choice" data-ui="tabs" role="group" aria-label="What to look at"></div>
      <div class="dp-choice" data-ui="inks" role="group" aria-label="Colour of the map"></div>
    </div>
    <p class="dp-readout"><button type="button" data-ui="left" aria-label="Position before">‹</button><span data-ui="readout"></span>
      <button type="button" data-ui="right" aria-label="Next position">›</button></p>
    <div class="dp-stage" data-ui="stage" tabindex="0"><div data-ui="map"></div><div data-ui="table"></div><div data-ui="curves"></div></div>
    <ul class="dp-inside-key" data-ui="key"></ul>
    <p class="dp-about" data-ui="about"></p>`;
  const HINT = "Arrow keys: up and down a step, left and right a position.";
  /** @type {Record<InsideView, Choice>} */
  const TABS = {
    map: { title: "Map", about: "Every position at every step, as one picture." },
    table: { title: "Table", about: "The steps around this one down, positions across, in each cell the most probable tokens, in the colour of what stands there." },
    curves: { title: "Curves", about: "How probable a token is at every position, at the step that is shown: the end of the text, and the token that is looked at." },
  };
  const SPARSE = " A live run sends second and third candidates only where something happens; its recording, ready when it ends, has all above 1 %.";

  /**
   * A look inside in a `<details>` element.
   * @param {HTMLDetailsElement} element
   * @param {InsideEvents} events
   */
  function createInside(element, { onGo, onChoose, onSay, onChange }) {
    element.innerHTML = MARKUP; // static
    const ui = named(element);
    /** @type {MapInk} */
    let ink = "settled";
    /** @type {InsideView} */
    let tab = "map";
    /** @type {MapSpot | null} */
    let pointed = null;
    /** @type {{run: Run, index: number, spot: MapSpot} | null} */
    let shown = null;
    let [size, moved] = [{ width: 0, height: 0 }, false];
    const map = heatmaps.createMap(ui.map, ui.stage, { onPoint: point, onPick: pick });
    const table = tables.createTable(ui.table, ui.stage, { onPick: pick });
    const lines = curves.createCurves(ui.curves, { onPoint: (i) => point(spotAt(i)), onPick: (i) => pick(spotAt(i)), onChange });
    const tabButtons = toolbars.addButtons(ui.tabs, TABS, (name) => { tab = name; onChange(); });
    const inkButtons = toolbars.addButtons(ui.inks, INKS, (name) => { ink = name; onChange(); });
    const growth = new ResizeObserver(([entry]) => {
      size = { width: Math.round(entry.contentRect.width), height: Math.round(entry.contentRect.height) };
      onChange();
    });
    growth.observe(ui.stage);
    element.addEventListener("toggle", onChange);
    ui.left.addEventListener("click", () => move(0, -1));
    ui.right.addEventListener("click", () => move(0, 1));
    ui.stage.addEventListener("keydown", onKey);

    /**
     * Describe what is pointed at.
     * @param {MapSpot | null} spot
     */
    function point(spot) {
      pointed = spot;
      onChange();
    }
    /**
     * A position at the step that is shown.
     * @param {number | null} i
     */
    function spotAt(i) {
      return shown && i !== null ? { index: shown.index, b: shown.run.trace[shown.index].block, i: Math.min(i, shown.run.trace[shown.index].length - 1) } : null;
    }
    /**
     * Go to a step and a position.
     * @param {MapSpot | null} spot
     */
    function pick(spot) {
      pointed = null;
      if (!spot) return;
      const { index, b, i } = spot;
      onChoose(b, i);
      onGo(index);
    }
    /**
     * So many steps and positions on.
     * @param {number} steps
     * @param {number} positions
     */
    function move(steps, positions) {
      if (!shown) return;
      const { run, index, spot } = shown;
      const to = Math.max(0, Math.min(run.trace.length - 1, index + steps));
      moved = true;
      const { block, length } = run.trace[steps ? to : spot.index];
      pick({ index: to, b: block, i: Math.max(0, Math.min(length - 1, spot.i + positions)) });
    }
    /**
     * Arrow keys are this view's; all others the player's.
     * @param {KeyboardEvent} event
     */
    function onKey(event) {
      const way = new Map([["ArrowUp", [-1, 0]], ["ArrowDown", [1, 0]], ["ArrowLeft", [0, -1]], ["ArrowRight", [0, 1]]]).get(event.key);
      if (!way || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      event.stopPropagation();
      move(way[0], way[1]);
    }
    /**
     * The position that is looked at: the chosen one, or else the first of text.
     * @param {Run} run
     * @param {number} index
     * @param {{b: number, i: number} | null} chosen
     * @returns {MapSpot}
     */
    function spotOf(run, index, chosen) {
      const step = run.trace[index];
      if (chosen && chosen.b < step.block && run.blockEnds[chosen.b]) {
        return { index: run.trace.indexOf(run.blockEnds[chosen.b]), ...chosen };
      }
      const first = chosen?.b === step.block ? chosen.i : Math.max(0, step.parts.findIndex(decode.isText));
      return { index, b: step.block, i: Math.min(first, step.length - 1) };
    }
    /**
     * Show a run at a step. chosen: the token that is looked at, on the canvas or here.
     * @param {Run} run
     * @param {number} index
     * @param {{b: number, i: number} | null} chosen
     */
    function show(run, index, chosen) {
      if (!element.open) return;
      const spot = spotOf(run, index, chosen);
      shown = { run, index, spot };
      const said = pointed && run.trace[pointed.index]?.length > pointed.i ? pointed : spot;
      write(ui.readout, wordsOf(run, said));
      if (moved) onSay(wordsOf(run, spot)); // where a key has led is spoken, not every step that passes
      moved = false;
      for (const button of inkButtons) attribute(button, "aria-pressed", button.value === ink);
      for (const button of tabButtons) attribute(button, "aria-pressed", button.value === tab);
      [ui.map.hidden, ui.table.hidden, ui.curves.hidden] = [tab !== "map", tab !== "table", tab !== "curves"];
      ui.inks.hidden = ui.key.hidden = tab !== "map";
      attribute(ui.stage, "role", tab === "table" ? "region" : "application");
      attribute(ui.stage, "aria-label", `${TABS[tab].title}: ${TABS[tab].about} ${HINT}`);
      showKey(!run.recorded && !run.reason);
      if (!size.width) return;
      if (tab === "map") map.show(run, index, spot.i, ink, size);
      else if (tab === "table") table.show(run, index, spot, size);
      else lines.show(run, index, spot.b === run.trace[index].block ? spot.i : 0, size.width);
    }
    /**
     * What the view shows, and what its colours mean.
     * @param {boolean} isLive
     */
    function showKey(isLive) {
      const name = `${tab} ${ink} ${isLive}`;
      if (ui.key.dataset.key === name) return;
      ui.key.dataset.key = name;
      const { keys } = INKS[ink];
      const about = tab === "map" ? INKS[ink].about : TABS[tab].about + (isLive ? SPARSE : "");
      ui.key.replaceChildren(...keys.map(([name, label]) => {
        const item = make("li", "", label);
        item.prepend(make("i", `dp-ink-${name}`));
        return item;
      }));
      write(ui.about, `${about} Click to go there.`);
    }
    return { show, isOpen: () => element.open, destroy: () => growth.disconnect() };
  }
  /**
   * What stands at a step and position, in a line.
   * @param {Run} run
   * @param {MapSpot} spot
   */
  function wordsOf(run, { index, i }) {
    const step = run.trace[index];
    const { quote, place } = describe({ run, step, i, stretch: null });
    if (step.phase === "noise") return `${quote} · ${place} · before the first step`;
    const when = step.phase === "step" ? `step ${step.step} · ${STATES[step.cells[i]]}` : "committed";
    return `${quote} · ${place} · ${when} · ${aboutPercent(step.probability[i])} · entropy ${aboutNats(step.entropy[i], step.maxEntropy)}`;
  }
  return { createInside };
})();
