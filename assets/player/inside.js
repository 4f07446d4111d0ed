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
      <div class="dp-choice" data-ui="inks" role="group" aria-label="Colour of the map"></div>
    </div>
    <p class="dp-readout"><button type="button" data-ui="left" aria-label="Position before">‹</button><span data-ui="readout"></span>
      <button type="button" data-ui="right" aria-label="Next position">›</button></p>
    <div class="dp-stage" data-ui="stage" tabindex="0"></div>
    <ul class="dp-inside-key" data-ui="key"></ul>
    <p class="dp-about" data-ui="about"></p>`;
  const HINT = "Arrow keys: up and down a step, left and right a position.";

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
    /** @type {MapSpot | null} */
    let pointed = null;
    /** @type {{run: Run, index: number, spot: MapSpot} | null} */
    let shown = null;
    let [size, moved] = [{ width: 0, height: 0 }, false];
    const map = heatmaps.createMap(ui.stage, { onPoint: (spot) => { pointed = spot; onChange(); }, onPick: pick });
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
     * Go to a step and a position.
     * @param {MapSpot} spot
     */
    function pick({ index, b, i }) {
      pointed = null;
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
      attribute(ui.stage, "role", "application");
      attribute(ui.stage, "aria-label", `Map: steps down, positions across, coloured by ${INKS[ink].title.toLowerCase()}. ${HINT}`);
      showKey();
      if (size.width) map.show(run, index, spot.i, ink, size);
    }
    /** What the colours mean. */
    function showKey() {
      if (ui.key.dataset.key === ink) return;
      ui.key.dataset.key = ink;
      const { keys, about } = INKS[ink];
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
