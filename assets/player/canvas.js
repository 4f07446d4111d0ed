/** Draws a run's canvas at a step, in a layout and a view; only cells whose look has changed touch the document. */
const canvases = (() => {
  "use strict";
  const { make } = dom;
  const { LAYOUTS } = layouts;
  const { lookAt } = views;

  const keyOf = (look) =>
    `${look.classes}|${look.text ?? `${look.gap} ${look.wide} ${look.sure}`}|${look.heat}|${look.number}|${look.special}`;

  /**
   * A canvas in an empty element.
   * @param {HTMLElement} element
   */
  function createCanvas(element) {
    let blocks = []; // { element, cells, keys, drawn }
    let [run, layout, view] = [null, "flow", "states"];

    /** Make the cells of a block, with a hairline before every block but the first. */
    function openBlock(b) {
      const end = run.blockEnds[b];
      const block = { element: make("div", "dp-block"), keys: new Array(end.length).fill(""), drawn: null, view: "" };
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
    /** Bring a block to a step. */
    function drawBlock(block, step) {
      const { fill } = LAYOUTS[layout];
      for (let i = 0; i < step.length; i++) {
        const look = lookAt(run, step, i, view);
        const key = keyOf(look);
        if (block.keys[i] === key) continue;
        block.keys[i] = key;
        fill(block.cells[i], look, block, i);
      }
      [block.drawn, block.view] = [step, view];
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
        if (shown && (block.drawn !== shown || block.view !== view)) drawBlock(block, shown);
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
      const block = blocks[cell.parentNode?.dataset.block];
      return block?.drawn ? { run, step: block.drawn, i: Number(cell.dataset.position) } : null;
    }
    /** All cells in order. */
    const cells = () => blocks.flatMap((block) => block.cells);
    /** The cell that stands where another stood, after the canvas was built anew. */
    const cellAt = (b, i) => blocks[b]?.cells[i] ?? null;
    return { element, show, adopt, clear, locate, cells, cellAt };
  }
  return { createCanvas };
})();
