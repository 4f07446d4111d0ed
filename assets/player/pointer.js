/** The token that the reader points at, with the pointer or the keys, and the inspector beside it. */
const pointers = (() => {
  "use strict";
  const { write } = dom;

  /**
   * The canvas cell that an event is about.
   * @param {Event} event
   * @returns {HTMLElement | null}
   */
  const cellOf = ({ target }) => (target instanceof Element ? target.closest(".dp-canvas [data-position]") : null);

  /**
   * Follow pointer and focus in the player's element. eye: the inspector's element; ear: what is spoken.
   * @param {HTMLElement} root
   * @param {{eye: HTMLElement, ear: HTMLElement}} ui
   * @param {() => Pane[]} panes those on show
   * @param {() => void} onChoice another token is looked at
   * @param {() => Influencer | null | undefined} influence what the inspector offers for a token, where it offers anything
   */
  function createPointer(root, ui, panes, onChoice, influence) {
    const inspector = inspectors.createInspector(ui.eye);
    const listening = new AbortController();
    /** @type {Spot | null} */
    let hovered = null;
    /** @type {Spot | null} */
    let focused = null;
    /** @type {Spot | null} */
    let chosen = null; // the last that had the focus, or was chosen elsewhere
    /** @type {HTMLElement | null} */
    let outlined = null; // its cell, while somebody looks inside
    /** @type {HTMLElement | null} */
    let lit = null; // the cell that the inspector is about
    let [refocusing, width] = [false, 0];

    /**
     * Where a cell stands.
     * @param {HTMLElement} cell
     * @returns {Spot | null}
     */
    function spotOf(cell) {
      const pane = panes().find(({ element }) => element.contains(cell));
      const block = cell.closest(".dp-block")?.getAttribute("data-block");
      return pane ? { pane, b: Number(block), i: Number(cell.dataset.position) } : null;
    }
    /** @param {Spot | null} spot */
    const cellAt = (spot) => (spot && panes().includes(spot.pane) ? spot.pane.canvas.cellAt(spot.b, spot.i) : null);
    /** @param {Spot | null} spot */
    const placeAt = (spot) => spot && spot.pane.canvas.placeAt(spot.b, spot.i);

    /**
     * What a held token does at a place, in words.
     * @param {Place} place
     */
    const movesAt = ({ run, step, i, stretch }) => (stretch ? "" : influence()?.movesOf(run, step, i) ?? "");

    /** Show, refresh or hide the inspector: of the cell under the pointer, else of the focused one. */
    function inspect() {
      outline();
      const spot = cellAt(hovered) ? hovered : focused;
      const [cell, place] = [cellAt(spot), placeAt(spot)];
      if (lit && lit !== cell) lit.classList.remove("dp-here");
      lit = cell;
      if (!cell || !place) return inspector.hide();
      cell.classList.add("dp-here");
      inspector.show(place, cell, root, width, (cell === cellAt(focused) && influence()?.offerOf(place)) || "", movesAt(place));
    }
    /**
     * Move the one tab stop of a canvas, and the focus with it.
     * @param {HTMLElement} cell
     */
    function moveFocus(cell) {
      const stop = cell.closest(".dp-canvas")?.querySelector('[tabindex="0"]');
      if (stop instanceof HTMLElement) stop.tabIndex = -1;
      cell.tabIndex = 0;
      cell.focus({ preventScroll: refocusing });
    }
    /**
     * Draw anew, and give the focus back to a cell that was moved in the document, or made anew, under it; of one that
     * is not seen any more, to the tab stop.
     * @param {() => void} draw
     */
    function keepFocus(draw) {
      const before = cellAt(focused);
      const kept = before && before === document.activeElement ? focused : null;
      draw();
      const own = cellAt(kept);
      const cell = own && kept && !layouts.isSeen(own) ? kept.pane.canvas.stop() : own;
      if (!cell || cell === document.activeElement) return;
      refocusing = true;
      moveFocus(cell);
      refocusing = false;
    }
    /**
     * Obey a key on a token: ← → Home End walk over all blocks. Whether it was one of these.
     * @param {HTMLElement} cell
     * @param {string} key
     */
    function press(cell, key) {
      const cells = spotOf(cell)?.pane.canvas.cells() ?? [];
      const here = cells.indexOf(cell);
      const there = new Map([["ArrowLeft", here - 1], ["ArrowRight", here + 1], ["Home", 0], ["End", cells.length - 1]]).get(key);
      const spot = key === "i" ? spotOf(cell) : null;
      if (spot) influence()?.take(spot);
      if (there === undefined) return Boolean(spot);
      if (cells[there]) moveFocus(cells[there]);
      return true;
    }
    /**
     * Go to a position of a pane, where it is to be seen.
     * @param {Spot} spot
     */
    function visit(spot) {
      const cell = cellAt(spot);
      if (cell && layouts.isSeen(cell)) moveFocus(cell);
    }
    /** Point at nothing. */
    function forget() {
      [hovered, focused, chosen] = [null, null, null];
    }
    /**
     * Look at a token without going to it.
     * @param {Spot} spot
     */
    function choose(spot) {
      chosen = spot;
      onChoice();
    }
    /**
     * The token of a pane that is looked at.
     * @param {Pane} pane
     */
    const chosenIn = (pane) => (chosen?.pane === pane ? { b: chosen.b, i: chosen.i } : null);
    /** Outline the token that is looked at, while somebody looks inside its run. */
    function outline() {
      const cell = chosen?.pane.looksInside() ? cellAt(chosen) : null;
      if (cell === outlined) return;
      outlined?.removeAttribute("data-chosen");
      cell?.setAttribute("data-chosen", "");
      outlined = cell;
    }
    /**
     * The pointer came over something; in a gap between tokens the last one stays.
     * @param {Event} event
     */
    function onOver(event) {
      const cell = cellOf(event);
      if (cell) hovered = spotOf(cell);
      else if (hovered && event.target instanceof Element && !event.target.closest(".dp-canvas")) hovered = null;
      else return;
      inspect();
    }
    function onLeave() {
      hovered = null;
      inspect();
    }
    /** @param {Event} event */
    function onClick(event) {
      if (focused && event.target instanceof Element && event.target.closest(".dp-inspector button")) influence()?.take(focused);
      const cell = cellOf(event);
      if (cell) moveFocus(cell);
    }
    /**
     * What is pressed in the inspector leaves the focus at its token.
     * @param {Event} event
     */
    function onDown(event) {
      if (event.target instanceof Element && event.target.closest(".dp-inspector")) event.preventDefault();
    }
    /**
     * Only the token that was moved to is spoken, once; not every step that passes under it.
     * @param {Event} event
     */
    function onFocus(event) {
      const cell = cellOf(event);
      if (!cell) return;
      focused = spotOf(cell);
      if (focused && !refocusing) choose(focused);
      const place = placeAt(focused);
      if (place && !refocusing) write(ui.ear, `${inspectors.spoken(place)} ${movesAt(place)}`.trim());
      inspect();
    }
    /** @param {Event} event */
    function onBlur(event) {
      if (!cellOf(event)) return;
      focused = null;
      inspect();
    }
    const size = new ResizeObserver(([entry]) => { width = entry.contentRect.width; });
    size.observe(root);
    for (const [name, listener] of /** @type {const} */ ([
      ["pointerover", onOver], ["pointerleave", onLeave], ["click", onClick], ["mousedown", onDown], ["focusin", onFocus], ["focusout", onBlur],
    ])) root.addEventListener(name, listener, { signal: listening.signal });

    function destroy() {
      listening.abort();
      size.disconnect();
    }
    return { inspect, keepFocus, press, spotOf, focused: () => focused, visit, choose, chosenIn, forget, destroy };
  }
  return { createPointer, cellOf };
})();
