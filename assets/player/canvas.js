/**
 * Draws a run's canvas at a step, in a layout and a view; only cells whose look has changed touch the document. What is
 * in sight is drawn at once, the rest of a long canvas in the frames that follow, unless another step comes first.
 */
const canvases = (() => {
  "use strict";
  const { make } = dom;
  const { LAYOUTS } = layouts;
  const { lookAt } = views;
  const { cellsAt } = decode;
  const CELLS_A_FRAME = 160; // of those out of sight
  const MARGIN_PX = { flow: 300, settled: 60, grid: 60 }; // in flow, what follows can move up into sight

  /**
   * The whole of a look in one string.
   * @param {Look} look
   */
  function keyOf(look) {
    const shown = look.text === null ? `${look.gap} ${look.wide} ${look.sure}` : `${look.text}|${look.sign}`;
    return `${look.classes}|${look.heat}|${look.number}|${shown}`;
  }

  /**
   * A canvas in an empty element.
   * @param {HTMLElement} element
   */
  function createCanvas(element) {
    /** @type {Block[]} */
    let blocks = [];
    /** @type {Run | null} */
    let run = null;
    /** @type {LayoutName} */
    let layout = "flow";
    /** @type {ViewName} */
    let view = "states";

    /**
     * The cell of a position.
     * @param {number} i
     */
    function makeCell(i) {
      const cell = make("span");
      cell.tabIndex = -1;
      cell.dataset.position = String(i);
      return cell;
    }
    /**
     * Make the cells of a block, with a hairline before every block but the first.
     * @param {Run} run
     * @param {number} b
     */
    function openBlock(run, b) {
      const end = run.blockEnds[b];
      const positions = [...end.cells.keys()];
      /** @type {Block} */
      const block = {
        element: make("div", "dp-block"), cells: positions.map(makeCell), keys: positions.map(() => ""), drawn: null, view: "",
        rest: 0, sight: null, breaks: [], finals: [],
      };
      block.element.dataset.block = String(b);
      block.element.append(...block.cells);
      const finals = layout === "settled" ? positions : [];
      LAYOUTS[layout].open(block, finals.map((i) => lookAt(run, end, i, "states")), finals.map((i) => cellsAt(run, end, i)));
      if (!element.firstChild) block.cells[0].tabIndex = 0;
      element.append(...(b > 0 ? [make("div", "dp-hairline", `block ${b + 1}`)] : []), block.element);
      return block;
    }
    /**
     * The first cell of the first of some paragraphs for which a test of its place holds; it holds for all that follow.
     * @param {HTMLCollection} paragraphs
     * @param {(place: DOMRect) => boolean} test
     */
    function firstWhere(paragraphs, test) {
      let [low, high] = [0, paragraphs.length];
      while (low < high) {
        const middle = (low + high) >> 1;
        if (test(paragraphs[middle].getBoundingClientRect())) high = middle;
        else low = middle + 1;
      }
      return Number(paragraphs[low]?.firstElementChild?.getAttribute("data-position") ?? Infinity);
    }
    /**
     * Find what is in sight, by whole paragraphs: the places of single tokens in a long one are slow to ask for. Before
     * anything is written in a frame, so that it costs no layout. In flow all that comes before counts too: the places
     * hang on it.
     */
    function lookAround() {
      const margin = MARGIN_PX[layout];
      for (const block of blocks) {
        if (!block) continue;
        const paragraphs = block.element.children;
        const first = layout === "flow" ? 0 : firstWhere(paragraphs, ({ bottom }) => bottom > -margin);
        block.sight = [first, Math.min(block.cells.length, firstWhere(paragraphs, ({ top }) => top > innerHeight + margin))];
      }
    }
    /**
     * Bring some cells of a block to a step, until so many had to change; returns where it stopped.
     * @param {Run} run
     * @param {Block} block
     * @param {Step} step
     * @param {[number, number]} range
     */
    function drawCells(run, block, step, [from, to], most = Infinity) {
      const { fill, arrange } = LAYOUTS[layout];
      let [i, changed] = [from, 0];
      for (; i < to && changed < most; i++) {
        const look = lookAt(run, step, i, view);
        const key = keyOf(look);
        if (block.keys[i] === key) continue;
        block.keys[i] = key;
        fill(block.cells[i], look, block, i);
        changed += 1;
      }
      if (changed) arrange(block);
      return i;
    }
    /**
     * Bring a block to a step: first what is in sight, then, when asked again, the rest, some cells at a time.
     * @param {Run} run
     * @param {Block} block
     * @param {Step} step
     */
    function drawBlock(run, block, step) {
      const fresh = !block.drawn;
      if (block.drawn !== step || block.view !== view) {
        [block.drawn, block.view] = [step, view];
        const sight = fresh ? null : block.sight;
        drawCells(run, block, step, sight ?? [0, step.length]);
        block.rest = sight ? 0 : step.length;
      } else block.rest = drawCells(run, block, step, [block.rest, step.length], CELLS_A_FRAME);
    }
    /**
     * Show a run at a step of its trace.
     * @param {Run} newRun
     * @param {number} index
     * @param {ShowOptions} options
     */
    function show(newRun, index, options) {
      if (newRun !== run || options.layout !== layout) clear();
      run = newRun;
      ({ layout, view } = options);
      element.dataset.layout = layout;
      const step = run.trace[index];
      const last = layout === "settled" ? run.blockEnds.length - 1 : step.block;
      for (let b = 0; b <= last; b++) {
        if (!run.blockEnds[b]) continue; // the block had passed when this page was opened
        const block = (blocks[b] ??= openBlock(run, b));
        const shown = b < step.block ? run.blockEnds[b] : b === step.block ? step : null;
        if (shown) drawBlock(run, block, shown);
        block.element.classList.toggle("dp-ahead", !shown);
        if (!shown) block.drawn = null;
      }
      blocks.splice(last + 1).forEach(closeBlock);
    }
    /**
     * Take a block away that has not begun at the shown step.
     * @param {Block} block
     */
    function closeBlock(block) {
      const line = block.element.previousElementSibling;
      if (line?.className === "dp-hairline") line.remove();
      block.element.remove();
    }
    /**
     * Take the same run anew, with more known about it, and keep what is drawn.
     * @param {Run} newRun
     */
    function adopt(newRun) {
      if (newRun.trace.length === run?.trace.length) run = newRun;
    }
    function clear() {
      element.replaceChildren();
      blocks = [];
      run = null;
    }
    /**
     * What stands at a position, or null when it is not drawn.
     * @param {number} b
     * @param {number} i
     * @returns {Place | null}
     */
    function placeAt(b, i) {
      const step = blocks[b]?.drawn;
      return run && step ? { run, step, i } : null;
    }
    /** Whether some cells, out of sight, still show an earlier step. */
    const lagging = () => blocks.some((block) => block?.drawn && block.rest < block.cells.length);
    /** All cells in order. */
    const cells = () => blocks.flatMap((block) => block.cells);
    /**
     * The cell of a position; another one after the canvas was built anew.
     * @param {number} b
     * @param {number} i
     */
    const cellAt = (b, i) => blocks[b]?.cells[i] ?? null;
    return { element, lookAround, show, lagging, adopt, clear, placeAt, cells, cellAt };
  }
  return { createCanvas };
})();
