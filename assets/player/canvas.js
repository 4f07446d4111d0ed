/**
 * Draws a run's canvas at a step, in a layout and a view; only cells whose look has changed touch the document. What is
 * in sight is drawn at once, the rest of a long canvas in the frames that follow, unless another step comes first.
 */
const canvases = (() => {
  "use strict";
  const { make } = dom;
  const { LAYOUTS } = layouts;
  const { lookAt } = views;
  const CELLS_A_FRAME = 160; // of those out of sight
  const MARGIN_PX = { flow: 300, settled: 60, grid: 60 }; // in flow, what follows can move up into sight

  const keyOf = (look) =>
    `${look.classes}|${look.text ?? `${look.gap} ${look.wide} ${look.sure}`}|${look.heat}|${look.number}|${look.special}`;

  /**
   * A canvas in an empty element.
   * @param {HTMLElement} element
   */
  function createCanvas(element) {
    let blocks = []; // { element, cells, keys, drawn, view, rest: the first cell that may lag behind, sight: the range that must not }
    let [run, layout, view] = [null, "flow", "states"];

    /** Make the cells of a block, with a hairline before every block but the first. */
    function openBlock(b) {
      const end = run.blockEnds[b];
      const block = { element: make("div", "dp-block"), keys: new Array(end.length).fill(""), drawn: null, view: "", rest: 0, sight: null };
      block.cells = Array.from({ length: end.length }, (_, i) => {
        const cell = make("span");
        cell.tabIndex = -1;
        cell.dataset.position = i;
        return cell;
      });
      block.element.dataset.block = b;
      block.element.append(...block.cells);
      LAYOUTS[layout].open(block, layout === "settled" ? block.cells.map((_, i) => lookAt(run, end, i, "states")) : []);
      if (!element.firstChild) block.cells[0].tabIndex = 0;
      element.append(...(b > 0 ? [make("div", "dp-hairline", `block ${b + 1}`)] : []), block.element);
      return block;
    }
    /** The first cell of the first of some paragraphs for which a test of its place holds; it holds for all that follow. */
    function firstWhere(paragraphs, test) {
      let [low, high] = [0, paragraphs.length];
      while (low < high) {
        const middle = (low + high) >> 1;
        if (test(paragraphs[middle].getBoundingClientRect())) high = middle;
        else low = middle + 1;
      }
      return Number(paragraphs[low]?.firstChild.dataset.position ?? Infinity);
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
    /** Bring some cells of a block to a step, until so many had to change; returns where it stopped. */
    function drawCells(block, step, [from, to], most = Infinity) {
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
    /** Bring a block to a step: first what is in sight, then, when asked again, the rest, some cells at a time. */
    function drawBlock(block, step) {
      const fresh = !block.drawn;
      if (block.drawn !== step || block.view !== view) {
        [block.drawn, block.view] = [step, view];
        const whole = fresh || !block.sight;
        drawCells(block, step, whole ? [0, step.length] : block.sight);
        block.rest = whole ? step.length : 0;
      } else block.rest = drawCells(block, step, [block.rest, step.length], CELLS_A_FRAME);
    }
    /** Show a run at a step of its trace. */
    function show(newRun, index, options) {
      if (newRun !== run || options.layout !== layout) clear();
      [run, layout, view] = [newRun, options.layout, options.view];
      element.dataset.layout = layout;
      const step = run.trace[index];
      const last = layout === "settled" ? run.blockEnds.length - 1 : step.block;
      for (let b = 0; b <= last; b++) {
        if (!run.blockEnds[b]) continue; // the block had passed when this page was opened
        const block = (blocks[b] ??= openBlock(b));
        const shown = b < step.block ? run.blockEnds[b] : b === step.block ? step : null;
        if (shown) drawBlock(block, shown);
        block.element.classList.toggle("dp-ahead", !shown);
        if (!shown) block.drawn = null;
      }
      while (blocks.length > last + 1) closeBlock(blocks.pop());
    }
    /** Take a block away that has not begun at the shown step. */
    function closeBlock(block) {
      if (block.element.previousSibling?.className === "dp-hairline") block.element.previousSibling.remove();
      block.element.remove();
    }
    /** Take the same run anew, with more known about it, and keep what is drawn. */
    function adopt(newRun) {
      if (newRun.trace.length === run?.trace.length) run = newRun;
    }
    function clear() {
      element.replaceChildren();
      [blocks, run] = [[], null];
    }
    /** The position under a cell: its step, run and index. */
    function locate(cell) {
      const block = blocks[cell.closest(".dp-block")?.dataset.block];
      return block?.drawn ? { run, step: block.drawn, i: Number(cell.dataset.position) } : null;
    }
    /** Whether some cells, out of sight, still show an earlier step. */
    const lagging = () => blocks.some((block) => block?.drawn && block.rest < block.cells.length);
    /** All cells in order. */
    const cells = () => blocks.flatMap((block) => block.cells);
    /** The cell that stands where another stood, after the canvas was built anew. */
    const cellAt = (b, i) => blocks[b]?.cells[i] ?? null;
    return { element, lookAround, show, lagging, adopt, clear, locate, cells, cellAt };
  }
  return { createCanvas };
})();
