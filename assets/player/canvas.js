/**
 * Draws a run's canvas at a step, in a layout and a view; only cells whose look has changed touch the document. What is
 * in sight is drawn at once, the rest of a long canvas in the frames that follow, unless another step comes first.
 */
const canvases = (() => {
  "use strict";
  const { make } = dom;
  const { LAYOUTS, isSeen } = layouts;
  const { remarkAt, stretchAt } = folds;
  const { lookAt } = views;
  const { cellsAt, placeOf } = decode;
  const CELLS_A_FRAME = 160; // of those out of sight
  /** Up to so many positions of text, letters so many times as large. */
  const SIZES = [[64, 1.3], [112, 1.15]];
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
   * How large a run's letters are: larger where the end is near and known from the first step on, so that they grow when
   * there is nothing but noise to be moved, and live as in a replay.
   * @param {Run} run
   */
  function sizeOf(run) {
    const steps = run.trace.filter((step) => step.phase !== "noise");
    if (!steps.length || steps.some((step) => step.tail === step.length)) return 1;
    const most = Math.max(...steps.map((step) => step.texts));
    return SIZES.find(([limit]) => most <= limit)?.[1] ?? 1;
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
    /** @type {Set<number> | undefined} */
    let apart; // the places that a comparison marks

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
     * Where a block begins that is not the first: a tick in the text, which goes on, or in the grid a line.
     * @param {number} b
     */
    function makeSeam(b) {
      if (!LAYOUTS[layout].folds) return make("div", "dp-hairline", `block ${b + 1}`);
      const seam = make("span", "dp-seam");
      [seam.title, seam.dataset.number] = [`block ${b + 1}`, String(b + 1)];
      return seam;
    }
    /**
     * Make the cells of a block, and its seam to the one before.
     * @param {Run} run
     * @param {number} b
     */
    function openBlock(run, b) {
      const end = run.blockEnds[b];
      const positions = [...end.cells.keys()];
      /** @type {Block} */
      const block = {
        element: make("div", "dp-block"), seam: b > 0 ? makeSeam(b) : null, cells: positions.map(makeCell), keys: positions.map(() => ""), drawn: null, view: "",
        lit: undefined, rest: 0, sight: null, breaks: [], finals: [],
      };
      block.element.dataset.block = String(b);
      block.element.append(...block.cells);
      const finals = layout === "settled" ? positions : [];
      const looks = finals.map((i) => lookAt(run, end, i, "states", end.tail, end.parts));
      LAYOUTS[layout].open(block, looks, finals.map((i) => cellsAt(run, end, i)));
      if (!element.firstChild) block.cells[0].tabIndex = 0;
      blocks[b - 1]?.element.classList.add("dp-goes-on");
      element.append(...(block.seam ? [block.seam] : []), block.element);
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
     * The step that says where things stand, and where the remark of the tail does; null where nothing is folded.
     * @param {Run} run
     * @param {Step} step
     * @returns {[Step, number | null]}
     */
    function placesOf(run, step) {
      const places = layout === "settled" ? run.blockEnds[step.block] : step;
      return [places, LAYOUTS[layout].folds ? remarkAt(step, places) : null];
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
      const [places, remark] = placesOf(run, step);
      let [i, changed] = [from, 0];
      for (; i < to && changed < most; i++) {
        const look = lookAt(run, step, i, view, remark, places.parts);
        if (block.lit?.has(i)) look.classes += " dp-lit";
        if (apart?.has(placeOf(step, i)) && look.text) look.classes += " dp-differs";
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
     * @param {Set<number> | undefined} lit
     */
    function drawBlock(run, block, step, lit) {
      const fresh = !block.drawn;
      if (block.drawn !== step || block.view !== view || block.lit !== lit) {
        [block.drawn, block.view, block.lit] = [step, view, lit];
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
      ({ layout, view, apart } = options);
      element.dataset.layout = layout;
      element.style.setProperty("--size", String(sizeOf(run)));
      const step = run.trace[index];
      const last = layout === "settled" ? run.blockEnds.length - 1 : step.block;
      for (let b = 0; b <= last; b++) {
        if (!run.blockEnds[b]) continue; // the block had passed when this page was opened
        const block = (blocks[b] ??= openBlock(run, b));
        const shown = b < step.block ? run.blockEnds[b] : b === step.block ? step : null;
        if (shown) drawBlock(run, block, shown, shown === step ? options.lit : undefined);
        for (const part of [block.seam, block.element]) part?.classList.toggle("dp-ahead", !shown);
        if (!shown) block.drawn = null;
      }
      blocks.splice(last + 1).forEach(closeBlock);
      blocks.at(-1)?.element.classList.remove("dp-goes-on");
      keepStop();
    }
    /** A tab stop that is not seen any more goes to the nearest cell before it that is, or else to the first. */
    function keepStop() {
      const here = stop();
      if (!here || isSeen(here)) return;
      const all = blocks.flatMap((block) => block.cells);
      const next = all.slice(0, all.indexOf(here)).findLast(isSeen) ?? all.find(isSeen);
      if (next) [here.tabIndex, next.tabIndex] = [-1, 0];
    }
    /** The one cell that the tab key goes to. */
    const stop = () => /** @type {HTMLElement | null} */ (element.querySelector('[tabindex="0"]'));
    /**
     * Take a block away that has not begun at the shown step.
     * @param {Block} block
     */
    function closeBlock(block) {
      block.seam?.remove();
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
      if (!run || !step) return null;
      const remark = placesOf(run, step)[1];
      return { run, step, i, stretch: remark === null ? null : stretchAt(step, i, remark) };
    }
    /** Whether some cells, out of sight, still show an earlier step. */
    const lagging = () => blocks.some((block) => block?.drawn && block.rest < block.cells.length);
    /** All cells that can be seen, in order. */
    const cells = () => blocks.flatMap((block) => block.cells).filter(isSeen);
    /**
     * The cell of a position; another one after the canvas was built anew.
     * @param {number} b
     * @param {number} i
     */
    const cellAt = (b, i) => blocks[b]?.cells[i] ?? null;
    return { element, lookAround, show, lagging, adopt, clear, placeAt, cells, cellAt, stop };
  }
  return { createCanvas };
})();
